/* Settings as JSON. Which values are defaults is not told. */
#include "settings/show.h"

static void section_begin(struct shower *shower, const char *name)
{
	json_object_begin(&shower->json, name);
}

static void section_end(struct shower *shower)
{
	json_object_end(&shower->json);
}

static void items_begin(struct shower *shower, const char *name, size_t count)
{
	(void)count;
	json_array_begin(&shower->json, name);
}

static void items_end(struct shower *shower)
{
	json_array_end(&shower->json);
}

static void text(struct shower *shower, const char *name, const char *value, bool by_default)
{
	(void)by_default;
	json_write_text(&shower->json, name, slice_of(value));
}

static void number(struct shower *shower, const char *name, int64_t value, bool by_default)
{
	(void)by_default;
	json_write_int(&shower->json, name, value);
}

static void flag(struct shower *shower, const char *name, bool value, bool by_default)
{
	(void)by_default;
	json_write_bool(&shower->json, name, value);
}

static void texts(struct shower *shower, const char *name, const struct settings_texts *values, bool by_default)
{
	(void)by_default;
	json_array_begin(&shower->json, name);
	for (size_t i = 0; i < values->count; i++)
		json_write_text(&shower->json, NULL, slice_of(values->items[i]));
	json_array_end(&shower->json);
}

const struct show_calls settings_show_json_calls = { .section_begin = section_begin,
	.section_end = section_end,
	.items_begin = items_begin,
	.items_end = items_end,
	.text = text,
	.number = number,
	.flag = flag,
	.texts = texts };
