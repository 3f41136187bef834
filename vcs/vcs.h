/*
 * vcs: private modules straight from git. It maps module paths to repositories, keeps mirrors of remote ones, turns a revision into a
 * version, and a commit into go.mod and zip, byte for byte as the go command would in direct mode. It knows neither the HTTP server nor
 * identities.
 *
 * Local repositories (an absolute path) are opened in place and nothing is copied. Remote ones (https, ssh) are mirrored below `mirrors` by a
 * `git fetch` child: killable, resource-limited, without ambient configuration, its credential neither in arguments nor in environment. A
 * mirror that was damaged is fetched afresh, at most once an hour; what it was lies beside it, named "….damaged", until the next time.
 *
 * Every call but vcs_repository_of() and vcs_info_write() may block (disk, network) and may come from any number of threads. One fetch runs at
 * a time for each repository; whoever needs it waits for it, but no longer than hold_ms since asked_us, nor than hold_ms since the fetch
 * began: then what the mirror knows is the answer, as stale, or VCS_ERR_LATER, and the fetch goes on behind; the next question finds it
 * running or done; one that failed when nobody waited is told to that question, and to warn. Of one host few are fetched at a time: others wait
 * in line, within the same hold. None goes on while the disk below mirrors is almost full: VCS_ERR_UNKNOWN says so. asked_us is when the question was asked, by clock_system's monotonic time, so that waiting for a thread counts too;
 * 0: now. The same, what the mirror knows, when the host cannot be asked.
 * A host that refuses the credential, shows another key or says "not found" ends that: a mirror then answers exact versions alone, so that
 * who takes a credential back stops lists, latest and branches by it (VCS_ERR_UNKNOWN). "Not found" of a host is VCS_ERR_UNKNOWN, unless the
 * mapping believes it or the same credential was shown another repository of that host within a minute, and this one neither was ever shown
 * since vcs_open() nor has a mirror, which says that there was one.
 *
 * Source: go.dev/ref/mod "Module proxy: GOPROXY protocol", "Version control systems".
 */
#ifndef VCS_VCS_H
#define VCS_VCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/slice.h"
#include "module/dirhash.h"
#include "module/path.h"
#include "module/zip.h"

enum vcs_code {
	VCS_ERR_ABSENT = -1,   /* proved: no such revision, or no such module in a repository that was read. To a client: not found */
	VCS_ERR_REJECTED = -2, /* it is there and is not what was asked for: another version, a bad pseudo-version, no zip can be made. Not found */
	VCS_ERR_UNKNOWN = -3,  /* cannot be known now: repository missing, credential refused, unreachable, too slow, damaged. Bad gateway */
	VCS_ERR_UNMAPPED = -4, /* no repository is configured for this path */
	VCS_ERR_INVALID = -5,  /* vcs_open(): an option is wrong; err names it */
	VCS_ERR_STOPPED = -6,  /* the caller's sink answered non-zero */
	VCS_ERR_LATER = -7     /* cannot be known yet: a fetch takes longer than hold_ms and goes on; ask again. Service unavailable */
};

#define VCS_REPOSITORY_MAX 1024 /* bytes of a URL or path, after substitution */
#define VCS_DIRECTORY_MAX  1280 /* bytes of a directory inside a repository */
#define VCS_REF_MAX        512  /* longer names of references resolve, but are not told */
#define VCS_COMMIT_MAX     41   /* 40 hex digits and a NUL */
#define VCS_SUM_MAX        64   /* "t1:" + 44 + NUL, rounded */

#define VCS_REFRESH_ALWAYS (-1)

/*
 * Where the modules below a prefix come from. Those that come to one URL share it, and its mirror, when credentials_file, known_hosts_file and ca
 * are the same; else each has its own, and nothing that one was told or given is another's.
 */
struct vcs_repository {
	const char *prefix; /* module path prefix, whole elements; the longest that covers a module wins */
	/*
	 * "https://host/path", "ssh://user@host/path" or "/path"; {1}..{9} stand for the elements after the prefix, outside the host only. {*} stands
	 * for those that come after these, at least one, as many as it takes for the repository to be there: the shortest first, and at most 24.
	 */
	const char *repository;
	const char *subdir; /* added after what the module path says below the prefix and its {n}: DIRECTORY/subdir; NULL: nothing */
	const char
		*credentials_file; /* holds user:token, or for ssh a private key; read anew for each fetch; or "env:NAME"; NULL: none, https only */
	const char *known_hosts_file; /* OpenSSH's, read anew for each fetch: ssh needs it, and no host is spoken to that it does not know */
	const char *ca;               /* PEM file; NULL: the system's. https only */
	int64_t refresh_s;            /* how long what was read of the references counts as fresh; 0: 60; VCS_REFRESH_ALWAYS: not at all */
	int64_t hold_ms;              /* how long fetches may hold one question, see above; 1 to VCS_HOLD_MS_MAX; 0: VCS_HOLD_MS */
	bool missing_is_absent;       /* "not found" from the forge is VCS_ERR_ABSENT instead of VCS_ERR_UNKNOWN */
	bool lower_case;              /* the host ignores case: a module with a capital letter in what {n} or {*} stands for is VCS_ERR_ABSENT */
};

/* Zero means default. Everything is copied but the clock. */
struct vcs_options {
	const struct vcs_repository *repositories;
	size_t count;
	const char *mirrors;       /* directory, made if absent: mirrors, and nameless files for contents over VCS_BLOB_BYTES_MAX; required */
	const struct clock *clock; /* NULL: the machine's */
	const char *git;           /* NULL: /usr/bin/git */
	int64_t missing_s;         /* how long a repository that the host does not have is not asked for again; at least, and by default, 5 */
	int64_t fetch_timeout_ms;  /* one child, and the making of one zip; 0: 300000 */
	int64_t fetch_memory_max;  /* address space of a child in bytes; 0: 4 GiB */
	int64_t fetch_bytes_max;   /* of one file that a child writes; 0: 8 GiB */
	/*
	 * NULL, or tells of a module since when (monotonic, microseconds) its repository may be another: what was read of the references before
	 * is not fresh any more. 0: nothing is known. From any thread that asks; never blocks.
	 */
	int64_t (*changed_since)(void *ctx, struct slice module);
	void *changed_ctx;
	/* NULL, or called with a sentence for the operator, from any thread that asks or fetches, until vcs_close() returns. */
	void (*warn)(void *ctx, const char *sentence);
	void *warn_ctx;
};

#define VCS_KNOWN_HOSTS_BYTES_MAX (1024 * 1024)
#define VCS_HOLD_MS               20000
#define VCS_HOLD_MS_MAX           300000
#define VCS_BLOB_BYTES_MAX        (32LL * 1024 * 1024) /* larger files go through a child and a mapped temporary file */

struct vcs;

/* VCS_ERR_INVALID, or VCS_ERR_UNKNOWN when the mirrors' directory cannot be made. Nothing is fetched yet. */
int vcs_open(const struct vcs_options *options, struct vcs **vcs_out, struct err *err);
/* No caller may be inside. NULL-safe. */
void vcs_close(struct vcs **vcs);
/* From any thread, before close: children under way or to come are ended, so that those who wait come free with VCS_ERR_UNKNOWN. */
void vcs_abort(struct vcs *vcs);

/*
 * The URL of the remote repository for module, or the path of the local one, which begins with '/'; "" when there is none. Asks nobody: where {*}
 * may stand for several it is the one that is known by now, else the shortest.
 */
void vcs_repository_of(struct vcs *vcs, struct slice module, char repository_out[VCS_REPOSITORY_MAX + 1]);

/*
 * The import path that the module's repository stands for: of the module itself so much as prefix, {n} and {*} take. Fetches nothing; where
 * {*} may stand for several, the host may be asked which of them is there. VCS_ERR_ABSENT, VCS_ERR_UNKNOWN, VCS_ERR_LATER,
 * VCS_ERR_UNMAPPED.
 */
int vcs_root(struct vcs *vcs, struct slice module, int64_t asked_us, char root_out[MODULE_PATH_MAX + 1], struct err *err);

/* What a query means. A plain value, nothing to free. */
struct vcs_revision {
	char version[MODULE_VERSION_MAX + 1];
	char commit[VCS_COMMIT_MAX];
	int64_t time_s;                     /* the committer's */
	char url[VCS_REPOSITORY_MAX + 1];   /* the remote's; "" for a local repository */
	char subdir[VCS_DIRECTORY_MAX];     /* where the module is expected; "" at the root */
	char ref[VCS_REF_MAX];              /* "refs/tags/v1.0.0", "refs/heads/main", "HEAD"; "" for a hash */
	char tag_prefix[VCS_DIRECTORY_MAX]; /* set for pseudo-versions that depend on tags */
	char tag_sum[VCS_SUM_MAX];
	bool stale;       /* the remote did not answer; this is what the mirror knew */
	int64_t as_of_us; /* when the references that it is answered from were read, wall clock in microseconds; 0: not known */
};

/*
 * Appends the versions to out, sorted as the go command sorts, one a line. A module without versions is a success with nothing appended.
 * *stale_out: the remote did not answer and this is what the mirror knew. *as_of_us_out (or NULL): as in vcs_revision.
 */
int vcs_list(struct vcs *vcs, struct slice module, int64_t asked_us, struct buf *out, bool *stale_out, int64_t *as_of_us_out, struct err *err);

/* What `latest` means: the highest release that is not retracted, else the highest prerelease, else the head of the default branch. */
int vcs_latest(struct vcs *vcs, struct slice module, int64_t asked_us, struct vcs_revision *revision_out, struct err *err);

/*
 * query is a version, a branch, a tag, HEAD, or 7 to 40 hex digits of a commit; `latest`, `upgrade` and `patch` are VCS_ERR_ABSENT.
 * A canonical query answers exactly that version (with +incompatible where it belongs) or fails. Unknown ones are looked for again in
 * the remote before they are called absent. An exact version still in the mirror is answered though the remote fails.
 * The answer is the repository's of now: compare revision_out->commit with what was pinned to notice a moved tag.
 */
int vcs_resolve(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice query, struct vcs_revision *revision_out, struct err *err);

/*
 * What is told of an exact version that is pinned to a commit (40 hex digits) which its tag may no longer name, and no reference reach: ref is
 * "". As long as the object exists, else VCS_ERR_UNKNOWN.
 */
int vcs_pinned(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct vcs_revision *revision_out,
	struct err *err);

/* Appends the .info JSON. exact: the form stored under the version's own name, without tag sums. */
void vcs_info_write(const struct vcs_revision *revision, bool exact, struct buf *out);

/*
 * go.mod and zip of an exact version. commit (40 hex digits) is a pin: that commit and no other is read, wherever the tag points by now,
 * as long as the object exists (else VCS_ERR_UNKNOWN). NULL: version is resolved, and must resolve to itself.
 * The go.mod's bytes are the repository's, or "module <path>\n" where there is none; out's maximum is the limit.
 */
int vcs_go_mod(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, struct buf *out, struct err *err);
/* Streams the zip into sink and tells its h1. VCS_ERR_REJECTED: no zip can be made of this tree, err says why. */
int vcs_zip(struct vcs *vcs, struct slice module, int64_t asked_us, struct slice version, const char *commit, module_sink *sink, void *ctx,
	char h1_out[MODULE_H1_MAX], struct err *err);

/*
 * For those who may not know where things lie on this machine: replaces the paths of the module's local repository and of the mirrors in err's
 * sentence, and all of a sentence about a file that the rule names (credentials_file, known_hosts_file, ca). False: there was none. Asks nobody.
 */
bool vcs_hide_path(struct vcs *vcs, struct slice module, struct err *err);

/*
 * How the references of a module's repository stand. read: no longer ago than refresh_s, of a local repository just now; else as they are known.
 * Borrows nothing, belongs to the caller; one thread at a time. VCS_ERR_… as any question.
 */
struct vcs_stand;
int vcs_stand_open(struct vcs *vcs, struct slice module, int64_t asked_us, bool read, struct vcs_stand **stand_out, struct err *err);
void vcs_stand_close(struct vcs_stand **stand);
/* When they were read (monotonic, microseconds; INT64_MIN: by another process): of two stands the later one tells how it is. */
int64_t vcs_stand_read_us(const struct vcs_stand *stand);
/* SHA-256 over all that they say: while it is the same, nothing has moved. */
const uint8_t *vcs_stand_digest(const struct vcs_stand *stand);
/*
 * What the tag of an exact version names; of a pseudo-version, which names its commit itself: the pinned commit as long as a branch or tag reaches
 * it. "" when there is none, or none does. VCS_ERR_UNKNOWN.
 */
int vcs_stand_commit(struct vcs_stand *stand, struct slice version, const char *pinned, char commit_out[VCS_COMMIT_MAX], struct err *err);
/* Would a stand be another than the last one? Of a remote when refresh_s has passed and nobody is reading it; of a local one always. Asks nobody. */
bool vcs_stand_due(struct vcs *vcs, struct slice module);

/* Reads the references of the module's repository now, however fresh they are. VCS_ERR_LATER: it takes long and goes on. */
int vcs_refresh(struct vcs *vcs, struct slice module, int64_t asked_us, struct err *err);

#endif
