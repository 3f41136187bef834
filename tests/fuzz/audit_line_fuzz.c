/* Lines of the log: an event of any bytes becomes JSON whose members the quick reader finds; and the quick reader agrees with JSON's. */
#include "audit/line.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

#define TIME "2026-11-21T02:33:44.123456Z"

enum { USER, MODULE, AGENT, STATUS, FIELDS };

static void fields_init(struct line_field fields[FIELDS])
{
	static const char *const names[FIELDS] = { "user", "module", "agent", "status" };

	for (size_t i = 0; i < FIELDS; i++)
		fields[i] = (struct line_field){ .name = slice_of(names[i]) };
}

static void check_written(struct slice input)
{
	static const uint8_t salt[LINE_SALT_BYTES] = { 1 };
	struct buf body = BUF_INIT(LINE_BUF_MAX), scratch = BUF_INIT(LINE_BUF_MAX);
	struct audit_event event = AUDIT_EVENT_INIT(AUDIT_ACCESS);
	struct line_field fields[FIELDS];
	struct slice line, time, got;
	struct json *root = NULL;
	uint64_t seq;

	event.user = fuzz_line(&input);
	event.module = fuzz_line(&input);
	event.agent = input;
	event.groups = &event.module;
	event.groups_count = 1;
	event.status = 200;
	line_body(&event, &body);
	ASSERT(line_finish(&body, 7, TIME, salt, &scratch, &line) && line.len <= AUDIT_LINE_MAX && slice_index(line, '\n') < 0);
	ASSERT(line_scan(line, &seq, &time) && seq == 7 && slice_equal_text(time, TIME));
	fields_init(fields);
	ASSERT(line_fields(line, fields, FIELDS) && fields[STATUS].found);
	if (event.user.ptr != NULL && event.user.len < AUDIT_USER_MAX && !(slice_has_nul(event.user) && slice_is_utf8(event.user)))
		ASSERT(line_field_text(&fields[USER], &scratch, &got) && slice_equal(got, event.user));
	if (!slice_has_nul(event.user) && !slice_has_nul(event.module) && !slice_has_nul(event.agent))
		ASSERT(json_parse(line, &root, NULL) == 0);
	json_close(&root);
	buf_free(&body);
	buf_free(&scratch);
}

static void check_read(struct slice line)
{
	struct buf scratch = BUF_INIT(LINE_BUF_MAX);
	struct line_field fields[FIELDS];
	struct json *root = NULL;
	struct slice quick, slow, time;
	uint64_t seq;

	fields_init(fields);
	if (line_scan(line, &seq, &time))
		ASSERT(fuzz_inside(time, line) && time.len == strlen(TIME));
	if (json_parse(line, &root, NULL) == 0 && line_fields(line, fields, FIELDS) && !fields[USER].base64 &&
		line_field_text(&fields[USER], &scratch, &quick))
		ASSERT(json_to_text(json_get(root, "user"), &slow) && slice_equal(quick, slow));
	json_close(&root);
	buf_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_written(slice_make(bytes, len));
	check_read(slice_make(bytes, len));
	return 0;
}
