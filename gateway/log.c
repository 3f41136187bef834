/* The log on stderr. */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

#define LOG_LINE_MAX 4096

static const char *const level_words[] = { "error", "warning", "info", "debug" };
_Static_assert(sizeof(level_words) / sizeof(level_words[0]) == LOG_LEVELS, "a word for every level");

static void line_json(struct buf *line, const char *time, enum log_level level, const char *request, const char *text)
{
	struct json_writer json;
	json_writer_init(&json, line);
	json_object_begin(&json, NULL);
	json_write_text(&json, "time", slice_of(time));
	json_write_text(&json, "level", slice_of(level_words[level]));
	if (request != NULL)
		json_write_text(&json, "request", slice_of(request));
	json_write_bytes(&json, "message", slice_of(text));
	json_object_end(&json);
}

static void line_plain(struct buf *line, const char *time, enum log_level level, const char *request, const char *text)
{
	/* A time of day is what a person at a terminal wants. */
	buf_printf(line, "%.8s %-7s ", time + 11, level_words[level]);
	for (const char *c = text; *c != '\0'; c++)
		buf_add_char(line, (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c);
	if (request != NULL)
		buf_printf(line, " [%s]", request);
}

void log_write(const struct log *log, enum log_level level, const char *request, const char *format, ...)
{
	if (level > log->level)
		return;
	char text[LOG_LINE_MAX / 2], time[CLOCK_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	clock_format_us(clock_wall_us(&clock_system), time);

	struct buf line = BUF_INIT(LOG_LINE_MAX * 4);
	if (log->json)
		line_json(&line, time, level, request, text);
	else
		line_plain(&line, time, level, request, text);
	buf_add_char(&line, '\n');
	if (!buf_failed(&line)) {
		/* A log that cannot be written must not stop the gateway; the audit store is what may. */
		ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
		(void)written;
	}
	buf_free(&line);
}
