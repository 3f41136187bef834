/* Settings as YAML that can be read again: texts in double quotes, defaults marked in a comment. */
#include "settings/show.h"

#include <inttypes.h>

static void name_of(struct shower *shower, const char *name)
{
	for (unsigned i = 0; i < shower->depth; i++)
		buf_add_text(shower->out, "  ");
	buf_add_text(shower->out, name == NULL ? "-" : name);
	buf_add_text(shower->out, name == NULL ? "" : ":");
}

static void end_line(struct shower *shower, bool by_default)
{
	buf_add_text(shower->out, by_default ? "  # default\n" : "\n");
}

/* Values hold no control character: settings_load() saw to that. */
static void quoted(struct shower *shower, const char *text)
{
	buf_add_char(shower->out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(shower->out, '\\');
		buf_add_char(shower->out, *text);
	}
	buf_add_char(shower->out, '"');
}

static void section_begin(struct shower *shower, const char *name)
{
	name_of(shower, name);
	buf_add_char(shower->out, '\n');
	shower->depth++;
}

static void section_end(struct shower *shower)
{
	shower->depth--;
}

static void items_begin(struct shower *shower, const char *name, size_t count)
{
	name_of(shower, name);
	buf_add_text(shower->out, count == 0 ? " []\n" : "\n");
	shower->depth++;
}

static void text(struct shower *shower, const char *name, const char *value, bool by_default)
{
	name_of(shower, name);
	buf_add_char(shower->out, ' ');
	quoted(shower, value);
	end_line(shower, by_default);
}

static void number(struct shower *shower, const char *name, int64_t value, bool by_default)
{
	name_of(shower, name);
	buf_printf(shower->out, " %" PRId64, value);
	end_line(shower, by_default);
}

static void flag(struct shower *shower, const char *name, bool value, bool by_default)
{
	name_of(shower, name);
	buf_add_text(shower->out, value ? " true" : " false");
	end_line(shower, by_default);
}

static void texts(struct shower *shower, const char *name, const struct settings_texts *values, bool by_default)
{
	name_of(shower, name);
	for (size_t i = 0; i < values->count; i++) {
		buf_add_text(shower->out, i == 0 ? " [" : ", ");
		quoted(shower, values->items[i]);
	}
	buf_add_char(shower->out, ']');
	end_line(shower, by_default);
}

const struct show_calls settings_show_yaml_calls = { .section_begin = section_begin,
	.section_end = section_end,
	.items_begin = items_begin,
	.items_end = section_end,
	.text = text,
	.number = number,
	.flag = flag,
	.texts = texts };
