/* go.mod, as far as a proxy reads it. Source: go.dev/ref/mod#go-mod-file; golang.org/x/mod/modfile ParseLax and ModulePath. */
#ifndef MODULE_GOMOD_H
#define MODULE_GOMOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

#define GOMOD_BYTES_MAX    (16 * 1024 * 1024)
#define GOMOD_RETRACTS_MAX 65536

/* The tolerant scanner: the path of the first `module` line, unquoted, appended to out. False: missing or malformed. */
bool gomod_module_path(struct slice file, struct buf *out);

/* Versions retracted from low to high, both included. low as written: what is no version is below every one. */
struct gomod_retract {
	char *low, *high;
};

/* What lax parsing keeps. Strings belong to the struct. */
struct gomod {
	char *go_version;               /* "1.24", NULL when there is no go line */
	struct gomod_retract *retracts; /* ascending, and none touches the next */
	size_t retracts_count;
};

/*
 * Lax: unknown verbs and blocks are ignored, a retract that is malformed, longer than MODULE_VERSION_MAX or of no version is skipped; lexical
 * errors, a second module or go line, malformed go, module, require and ignore lines fail: MODULE_ERR. Past a limit named here: MODULE_ERR_LIMIT.
 */
int gomod_parse_lax(struct slice file, struct gomod *gomod_out, struct err *err);
void gomod_free(struct gomod *gomod);
/* False for what is no version. In logarithmic time: a go.mod may retract much, and be asked about many versions. */
bool gomod_retracted(const struct gomod *gomod, struct slice version);

/* Is the go line at least 1.24 and the file parses? Decides which vendor rule a zip follows. */
bool gomod_vendor_rule_new(struct slice file);

#endif
