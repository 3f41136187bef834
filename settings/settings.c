/* The life of settings: loaded whole, counted, found. */
#include "settings/settings_private.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* The public part comes first: a pointer to it is a pointer to the whole. */
struct snapshot {
	struct settings settings;
	atomic_uint references;
	struct arena *arena;
};

static struct snapshot *make(void)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot == NULL)
		return NULL;
	atomic_init(&snapshot->references, 1);
	snapshot->arena = arena_open(SETTINGS_MEMORY_MAX);
	if (snapshot->arena == NULL) {
		free(snapshot);
		return NULL;
	}
	return snapshot;
}

static const char *absolute(struct arena *arena, const char *path)
{
	char *directory;
	const char *whole;

	if (path[0] == '/')
		return arena_text(arena, slice_of(path));
	directory = getcwd(NULL, 0);
	whole = directory == NULL ? NULL : arena_printf(arena, "%s/%s", directory, path);
	free(directory);
	return whole;
}

static int read_document(struct settings_reader *reader, struct settings *settings)
{
	const struct yaml_node *root = yaml_root(reader->document);
	struct settings_scope scope = { .base = settings };
	int code;

	if (root->type != YAML_MAPPING)
		return yaml_error(reader->document, root->line, reader->err, "the file is no mapping; keys like listen and data were expected");
	scope.lines = arena_alloc(reader->arena, settings_schema_count * sizeof(*scope.lines));
	if (scope.lines == NULL)
		return settings_memory(reader);
	settings->lines = scope.lines;
	code = settings_read_defaults(reader, "", &scope);
	if (code == 0)
		code = settings_read_mapping(reader, root, "", &scope);
	return code == 0 ? settings_check(reader, settings) : code;
}

static int fill(struct snapshot *snapshot, const char *path, struct slice text, struct err *err)
{
	struct settings_reader reader = { .arena = snapshot->arena, .err = err };
	struct yaml_document *document = NULL;
	int code;

	snapshot->settings.path = arena_text(snapshot->arena, slice_of(path));
	reader.origin = absolute(snapshot->arena, path);
	if (snapshot->settings.path == NULL || reader.origin == NULL)
		return err_set(err, SETTINGS_ERR, "cannot read %s: out of memory, or its folder has gone", path);
	code = yaml_parse(path, text, &document, err);
	if (code == 0) {
		reader.document = document;
		code = read_document(&reader, &snapshot->settings);
	}
	yaml_close(&document);
	return code == BASE_ERR_INVALID || code == BASE_ERR_LIMIT ? SETTINGS_ERR_INVALID : code;
}

int settings_load(const char *path, const struct settings **settings_out, struct err *err)
{
	struct buf text = BUF_INIT(SETTINGS_BYTES_MAX);
	struct snapshot *snapshot = NULL;
	int code = file_read(path, &text, err);

	if (code == BASE_ERR_ABSENT) {
		code = err_set(err, SETTINGS_ERR_ABSENT, "%s does not exist; make one with modgate init DIR, or name one with -c FILE", path);
	} else if (code < 0) {
		code = code == BASE_ERR_LIMIT ? SETTINGS_ERR_INVALID : SETTINGS_ERR;
	} else {
		snapshot = make();
		code = snapshot == NULL ? err_set(err, SETTINGS_ERR, "cannot read %s: out of memory", path)
					: fill(snapshot, path, buf_slice(&text), err);
	}
	if (code == 0)
		*settings_out = &snapshot->settings;
	else if (snapshot != NULL)
		settings_unref(&snapshot->settings);
	buf_free(&text);
	return code;
}

const struct settings *settings_ref(const struct settings *settings)
{
	struct snapshot *snapshot = (struct snapshot *)settings;

	atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	return settings;
}

void settings_unref(const struct settings *settings)
{
	struct snapshot *snapshot = (struct snapshot *)settings;

	if (snapshot == NULL || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
		return;
	arena_close(&snapshot->arena);
	free(snapshot);
}

static int copy_path(const char *path, char **path_out, struct err *err)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return err_set(err, SETTINGS_ERR, "cannot read %s: out of memory", path);
	*path_out = copy;
	return 0;
}

int settings_find(const char *option, char **path_out, struct err *err)
{
	static const char *const places[] = { "./modgate.yaml", "/etc/modgate/modgate.yaml" };
	const char *named = option != NULL ? option : getenv("MODGATE_CONFIG");

	if (named != NULL && named[0] != '\0')
		return copy_path(named, path_out, err);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], F_OK) == 0)
			return copy_path(places[i], path_out, err);
	}
	return err_set(err, SETTINGS_ERR_ABSENT,
		"there is no configuration: neither -c FILE nor $MODGATE_CONFIG is given, and neither %s nor %s exists; "
		"make one with modgate init DIR",
		places[0], places[1]);
}

int settings_error(const struct settings *settings, unsigned line, struct err *err, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(err, SETTINGS_ERR_INVALID, "%s:%u: %s", settings->path, line, text);
}
