/* How settings are shown: one walk over the schema, written by YAML or JSON calls. Inside settings only. */
#ifndef SETTINGS_SHOW_H
#define SETTINGS_SHOW_H

#include "base/json.h"
#include "settings/settings_private.h"

struct shower;

/* name is NULL for an entry of a list. by_default: the file says nothing of it. */
struct show_calls {
	void (*section_begin)(struct shower *shower, const char *name);
	void (*section_end)(struct shower *shower);
	void (*items_begin)(struct shower *shower, const char *name, size_t count);
	void (*items_end)(struct shower *shower);
	void (*text)(struct shower *shower, const char *name, const char *text, bool by_default);
	void (*number)(struct shower *shower, const char *name, int64_t number, bool by_default);
	void (*flag)(struct shower *shower, const char *name, bool flag, bool by_default);
	void (*texts)(struct shower *shower, const char *name, const struct settings_texts *texts, bool by_default);
};

struct shower {
	const struct show_calls *calls;
	struct buf *out;
	unsigned depth; /* of YAML's indentation */
	struct json_writer json;
};

extern const struct show_calls settings_show_yaml_calls;
extern const struct show_calls settings_show_json_calls;

/* One key of the struct at base, whatever lies below it included. */
void settings_show_key(struct shower *shower, const struct key *key, const void *base);

#endif
