/* From an event to a line. The table below is the order and the limits of the line's members. */
#include "audit/line.h"

#include <string.h>

#include "audit/words.h"
#include "base/json.h"

enum member_type { TEXT, GROUPS, WORD, FLAG, STATUS, NUMBER };

struct member {
	const char *name;
	enum member_type type;
	size_t offset;             /* in struct audit_event */
	size_t max;                /* TEXT: bytes */
	const struct words *words; /* WORD */
};

#define AT(field) offsetof(struct audit_event, field)

static const struct member members[] = {
	{ "kind", WORD, AT(kind), 0, &words_kind },
	{ "request", TEXT, AT(request), AUDIT_REQUEST_MAX, NULL },
	{ "user", TEXT, AT(user), AUDIT_USER_MAX, NULL },
	{ "groups", GROUPS, AT(groups), 0, NULL },
	{ "method", TEXT, AT(method), AUDIT_METHOD_MAX, NULL },
	{ "credential", TEXT, AT(credential), AUDIT_CREDENTIAL_MAX, NULL },
	{ "address", TEXT, AT(address), AUDIT_ADDRESS_MAX, NULL },
	{ "agent", TEXT, AT(agent), AUDIT_AGENT_MAX, NULL },
	{ "action", WORD, AT(action), 0, &words_action },
	{ "module", TEXT, AT(module), AUDIT_MODULE_MAX, NULL },
	{ "version", TEXT, AT(version), AUDIT_VERSION_MAX, NULL },
	{ "verdict", WORD, AT(verdict), 0, &words_verdict },
	{ "rule", TEXT, AT(rule), AUDIT_RULE_MAX, NULL },
	{ "reason", TEXT, AT(reason), AUDIT_REASON_MAX, NULL },
	{ "policy", TEXT, AT(policy), AUDIT_POLICY_MAX, NULL },
	{ "private", FLAG, AT(private), 0, NULL },
	{ "proof", WORD, AT(proof), 0, &words_proof },
	{ "source", WORD, AT(source), 0, &words_source },
	{ "origin", TEXT, AT(origin), AUDIT_ORIGIN_MAX, NULL },
	{ "status", STATUS, AT(status), 0, NULL },
	{ "h1", TEXT, AT(h1), AUDIT_H1_MAX, NULL },
	{ "bytes", NUMBER, AT(bytes), 0, NULL },
	{ "of", NUMBER, AT(of), 0, NULL },
	{ "duration_us", NUMBER, AT(duration_us), 0, NULL },
	{ "complete", FLAG, AT(complete), 0, NULL },
	{ "count", NUMBER, AT(count), 0, NULL },
	{ "text", TEXT, AT(text), AUDIT_TEXT_MAX, NULL },
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* JSON makes of one byte at most six (\u0000); quotes and commas of groups, all names and all numbers fit in the rest. */
#define TEXT_BYTES_MAX \
	(AUDIT_REQUEST_MAX + AUDIT_USER_MAX + AUDIT_GROUPS_BYTES_MAX + AUDIT_METHOD_MAX + AUDIT_CREDENTIAL_MAX + AUDIT_ADDRESS_MAX + \
		AUDIT_AGENT_MAX + AUDIT_MODULE_MAX + AUDIT_VERSION_MAX + AUDIT_RULE_MAX + AUDIT_REASON_MAX + AUDIT_POLICY_MAX + AUDIT_ORIGIN_MAX + \
		AUDIT_H1_MAX + AUDIT_TEXT_MAX)
#define REST_BYTES_MAX (LINE_PREFIX_MAX + 3 * AUDIT_GROUPS_MAX + 2 * 16 * MEMBERS + 32 * MEMBERS)
_Static_assert(6 * TEXT_BYTES_MAX + REST_BYTES_MAX <= AUDIT_LINE_MAX, "the longest event fits in a line");
_Static_assert(MEMBERS <= 32, "one bit a member");

static bool write_text(struct json_writer *writer, const struct member *member, struct slice text)
{
	struct slice kept = slice_cut_utf8(text, member->max);

	if (text.ptr != NULL)
		json_write_bytes(writer, member->name, kept);
	return kept.len < text.len;
}

/* How many of the groups the line takes. */
static size_t groups_fit(const struct audit_event *event)
{
	size_t bytes = 0;
	size_t count = 0;

	while (count < event->groups_count && count < AUDIT_GROUPS_MAX) {
		bytes += event->groups[count].len;
		if (bytes > AUDIT_GROUPS_BYTES_MAX)
			break;
		count++;
	}
	return count;
}

static void write_groups_b64(struct json_writer *writer, const struct slice *groups, size_t count)
{
	struct buf text = BUF_INIT(AUDIT_GROUPS_BYTES_MAX * 2);

	json_array_begin(writer, "groups_b64");
	for (size_t i = 0; i < count; i++) {
		buf_reset(&text);
		base64_encode(groups[i], &text);
		json_write_text(writer, NULL, buf_slice(&text));
		if (buf_failed(&text))
			writer->out->failed = true;
	}
	json_array_end(writer);
	buf_free(&text);
}

static bool write_groups(struct json_writer *writer, const struct audit_event *event)
{
	size_t count;

	if (event->groups == NULL)
		return false;
	count = groups_fit(event);
	for (size_t i = 0; i < count; i++) {
		if (!slice_is_utf8(event->groups[i])) {
			write_groups_b64(writer, event->groups, count);
			return count < event->groups_count;
		}
	}
	json_array_begin(writer, "groups");
	for (size_t i = 0; i < count; i++)
		json_write_text(writer, NULL, event->groups[i]);
	json_array_end(writer);
	return count < event->groups_count;
}

static void write_word(struct json_writer *writer, const struct member *member, unsigned value)
{
	const char *word = words_text(member->words, value);

	ASSERT(word != NULL || value == 0);
	if (word != NULL)
		json_write_text(writer, member->name, slice_of(word));
}

/* True when the member had to be cut. */
static bool write_member(struct json_writer *writer, const struct member *member, const struct audit_event *event)
{
	const void *at = (const char *)event + member->offset;
	unsigned value;

	switch (member->type) {
	case TEXT:
		return write_text(writer, member, *(const struct slice *)at);
	case GROUPS:
		return write_groups(writer, event);
	case WORD:
		memcpy(&value, at, sizeof(value));
		write_word(writer, member, value);
		break;
	case FLAG:
		memcpy(&value, at, sizeof(value));
		if (value != AUDIT_FLAG_ABSENT)
			json_write_bool(writer, member->name, value == AUDIT_TRUE);
		break;
	case STATUS:
		if (event->status != 0)
			json_write_int(writer, member->name, event->status);
		break;
	case NUMBER:
		if (*(const int64_t *)at >= 0)
			json_write_int(writer, member->name, *(const int64_t *)at);
		break;
	}
	return false;
}
_Static_assert(sizeof(enum audit_kind) == sizeof(unsigned) && sizeof(enum audit_flag) == sizeof(unsigned), "enums are read as unsigned");

static void write_cut(struct json_writer *writer, uint32_t cut)
{
	if (cut == 0)
		return;
	json_array_begin(writer, "cut");
	for (size_t i = 0; i < MEMBERS; i++) {
		if ((cut >> i & 1) != 0)
			json_write_text(writer, NULL, slice_of(members[i].name));
	}
	json_array_end(writer);
}

void line_body(const struct audit_event *event, struct buf *out)
{
	static const char room[LINE_PREFIX_MAX];
	struct json_writer writer;
	uint32_t cut = 0;

	buf_add(out, room, sizeof(room));
	json_writer_init(&writer, out);
	json_object_begin(&writer, NULL);
	for (size_t i = 0; i < MEMBERS; i++)
		cut |= (uint32_t)write_member(&writer, &members[i], event) << i;
	write_cut(&writer, cut);
	json_object_end(&writer);
}

bool line_finish(struct buf *body, uint64_t seq, const char *time, const uint8_t salt[LINE_SALT_BYTES], struct buf *scratch, struct slice *line_out)
{
	char salt_hex[2 * LINE_SALT_BYTES + 1];
	struct json_writer writer;
	struct slice prefix;

	hex_encode(salt, LINE_SALT_BYTES, salt_hex);
	buf_reset(scratch);
	json_writer_init(&writer, scratch);
	json_object_begin(&writer, NULL);
	json_write_int(&writer, "v", 1);
	json_write_int(&writer, "seq", (int64_t)seq);
	json_write_text(&writer, "time", slice_of(time));
	json_write_text(&writer, "salt", slice_of(salt_hex));
	if (buf_failed(scratch))
		return false;
	prefix = buf_slice(scratch);
	ASSERT(prefix.len <= LINE_PREFIX_MAX && body->len > LINE_PREFIX_MAX && body->ptr[LINE_PREFIX_MAX] == '{');
	/* The two objects become one: the body's opening brace is where the comma belongs. */
	memcpy(body->ptr + LINE_PREFIX_MAX - prefix.len, prefix.ptr, prefix.len);
	body->ptr[LINE_PREFIX_MAX] = ',';
	*line_out = slice_after(buf_slice(body), LINE_PREFIX_MAX - prefix.len);
	return true;
}
