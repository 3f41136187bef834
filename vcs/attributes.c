/*
 * Attributes as the .gitattributes files of one commit say. They are asked of a repository that is nothing but the objects: no index, no
 * working tree, no info/attributes and no configuration can have a say.
 */
#include <ctype.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vcs/vcs_private.h"

enum { IDENT, TEXT, CRLF, EOL, ENCODING, NAMES };

struct attributes {
	git_repository *git;
	git_attr_options options;
};

int vcs_attributes_open(struct session *session, const git_oid *commit, struct attributes **attributes_out, struct err *err)
{
	struct attributes *attributes = calloc(1, sizeof(*attributes));
	git_odb *odb = NULL;
	int code = 0;

	if (!attributes || git_repository_odb(&odb, session->git) != 0 || git_repository_wrap_odb(&attributes->git, odb) != 0) {
		code = err_set(err, VCS_ERR_UNKNOWN, "the attributes of %s cannot be read: %s", session->at.module, vcs_git_reason());
		vcs_attributes_close(&attributes);
		goto out;
	}
	attributes->options.version = GIT_ATTR_OPTIONS_VERSION;
	attributes->options.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM | GIT_ATTR_CHECK_INCLUDE_COMMIT;
	attributes->options.attr_commit_id = *commit;
	*attributes_out = attributes;
out:
	git_odb_free(odb);
	return code;
}

void vcs_attributes_close(struct attributes **attributes)
{
	if (*attributes)
		git_repository_free((*attributes)->git);
	free(*attributes);
	*attributes = NULL;
}

enum line_ends { UNSAID, BINARY, LINES, AUTO };

static enum line_ends line_ends_of(const char *value)
{
	switch (git_attr_value(value)) {
	case GIT_ATTR_VALUE_TRUE:
		return LINES;
	case GIT_ATTR_VALUE_FALSE:
		return BINARY;
	case GIT_ATTR_VALUE_STRING:
		return strcmp(value, "auto") == 0 ? AUTO : strcmp(value, "input") == 0 ? LINES : UNSAID;
	case GIT_ATTR_VALUE_UNSPECIFIED:
		return UNSAID;
	}
	return UNSAID;
}

/* Only eol=crlf ever changes bytes on the way out. */
static void set_eol(const char *const *values, struct conversion *out)
{
	enum line_ends action = line_ends_of(values[TEXT]);

	if (action == UNSAID)
		action = line_ends_of(values[CRLF]);
	if (action != BINARY && git_attr_value(values[EOL]) == GIT_ATTR_VALUE_STRING && strcmp(values[EOL], "crlf") == 0)
		out->eol = action == AUTO ? EOL_CRLF_AUTO : EOL_CRLF;
}

/* True: a name of an encoding and nothing that the C library would take for more. */
static bool plain(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.:+", *name))
			return false;
	return true;
}

static int set_encoding(const char *value, const char *path, struct conversion *out, struct err *err)
{
	git_attr_value_t kind = git_attr_value(value);

	if (kind == GIT_ATTR_VALUE_UNSPECIFIED || (kind == GIT_ATTR_VALUE_STRING && value[0] == '\0'))
		return 0;
	if (kind != GIT_ATTR_VALUE_STRING || strlen(value) >= ENCODING_MAX || !plain(value))
		return err_set(err, VCS_ERR_REJECTED, "%s: .gitattributes names no encoding in working-tree-encoding", path);
	if (strcasecmp(value, "UTF-8") != 0 && strcasecmp(value, "UTF8") != 0)
		strcpy(out->encoding, value);
	return 0;
}

int vcs_attributes_conversion(struct attributes *attributes, const char *path, struct conversion *out, struct err *err)
{
	static const char *names[NAMES] = { "ident", "text", "crlf", "eol", "working-tree-encoding" };
	const char *values[NAMES] = { NULL };

	memset(out, 0, sizeof(*out));
	if (git_attr_get_many_ext(values, attributes->git, &attributes->options, path, NAMES, names) != 0)
		return err_set(err, VCS_ERR_UNKNOWN, "the attributes of %s cannot be read: %s", path, vcs_git_reason());
	out->ident = git_attr_value(values[IDENT]) == GIT_ATTR_VALUE_TRUE;
	set_eol(values, out);
	return set_encoding(values[ENCODING], path, out, err);
}
