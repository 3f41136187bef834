/* The .info answer: a version, its time and where it comes from. Source: go.dev/ref/mod#goproxy-protocol. */
#include "base/clock.h"
#include "base/json.h"
#include "vcs/vcs_private.h"

static void write_if(struct json_writer *writer, const char *name, const char *text)
{
	if (text[0] != '\0' && slice_is_utf8(slice_of(text)))
		json_write_text(writer, name, slice_of(text));
}

static void write_members(const struct vcs_revision *revision, bool exact, struct buf *out)
{
	bool pseudo = revision->tag_sum[0] != '\0';
	struct json_writer writer;
	char time[CLOCK_TEXT_MAX];

	clock_format_s(revision->time_s, time);
	json_writer_init(&writer, out);
	json_object_begin(&writer, NULL);
	json_write_text(&writer, "Version", slice_of(revision->version));
	json_write_text(&writer, "Time", slice_of(time));
	json_object_begin(&writer, "Origin");
	json_write_text(&writer, "VCS", SLICE("git"));
	write_if(&writer, "URL", revision->url);
	write_if(&writer, "Subdir", revision->subdir);
	json_write_text(&writer, "Hash", slice_of(revision->commit));
	if (!exact) {
		write_if(&writer, "TagPrefix", revision->tag_prefix);
		write_if(&writer, "TagSum", revision->tag_sum);
	}
	if (!exact || !pseudo)
		write_if(&writer, "Ref", revision->ref);
	json_object_end(&writer);
	json_object_end(&writer);
}

/* The go command's own .info escapes these three, which stand in strings alone; a reference may have them. */
static void add_as_go(struct slice json, struct buf *out)
{
	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];

		if (c == '<' || c == '>' || c == '&')
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			buf_add_char(out, c);
	}
}

void vcs_info_write(const struct vcs_revision *revision, bool exact, struct buf *out)
{
	struct buf json = BUF_INIT(out->max);

	write_members(revision, exact, &json);
	if (buf_failed(&json))
		out->failed = true;
	add_as_go(buf_slice(&json), out);
	buf_free(&json);
}
