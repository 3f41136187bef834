/* Identities: one piece of memory each, counted. */
#include "auth/auth_private.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counted {
	atomic_size_t references;
	struct auth_identity identity;
	const char *pointers[]; /* groups, modules; behind them the texts */
};

static struct counted *counted_of(const struct auth_identity *identity)
{
	return (struct counted *)((uintptr_t)identity - offsetof(struct counted, identity));
}

static size_t texts_bytes(const char *const *texts, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(texts[i]) + 1;
	return bytes;
}

static const char *put(char **at, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = memcpy(*at, text, bytes);

	*at += bytes;
	return copy;
}

static void put_all(char **at, const char **pointers, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pointers[i] = put(at, texts[i]);
}

const struct auth_identity *auth_identity_copy(const struct auth_identity *like)
{
	size_t pointers = like->groups_count + like->modules_count;
	size_t bytes = strlen(like->user) + 1 + strlen(like->credential) + 1 + texts_bytes(like->groups, like->groups_count) +
		       texts_bytes(like->modules, like->modules_count);
	struct counted *counted = malloc(sizeof(*counted) + pointers * sizeof(counted->pointers[0]) + bytes);
	char *at;

	if (counted == NULL)
		return NULL;
	at = (char *)&counted->pointers[pointers];
	atomic_init(&counted->references, 1);
	counted->identity = *like;
	counted->identity.user = put(&at, like->user);
	counted->identity.credential = put(&at, like->credential);
	put_all(&at, counted->pointers, like->groups, like->groups_count);
	put_all(&at, counted->pointers + like->groups_count, like->modules, like->modules_count);
	counted->identity.groups = counted->pointers;
	counted->identity.modules = counted->pointers + like->groups_count;
	return &counted->identity;
}

const struct auth_identity *auth_identity_ref(const struct auth_identity *identity)
{
	atomic_fetch_add_explicit(&counted_of(identity)->references, 1, memory_order_relaxed);
	return identity;
}

void auth_identity_unref(const struct auth_identity *identity)
{
	if (identity != NULL && atomic_fetch_sub_explicit(&counted_of(identity)->references, 1, memory_order_acq_rel) == 1)
		free(counted_of(identity));
}

bool auth_name_ok(struct slice s, size_t bytes_max)
{
	if (s.len == 0 || s.len > bytes_max || !slice_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

int auth_names_add(struct auth_names *names, struct slice name)
{
	const char *text;

	if (!auth_name_ok(name, AUTH_GROUP_MAX) || names->count == AUTH_GROUPS_MAX)
		return AUTH_ERR_REFUSED;
	if (names->items == NULL)
		names->items = arena_alloc(names->arena, AUTH_GROUPS_MAX * sizeof(names->items[0]));
	text = arena_text(names->arena, name);
	if (names->items == NULL || text == NULL)
		return AUTH_ERR;
	names->items[names->count++] = text;
	return 0;
}

int auth_answer_refuse(struct auth_answer *answer, int code, enum auth_reason reason, const char *format, ...)
{
	va_list arguments;

	answer->code = code;
	answer->reason = reason;
	answer->identity = NULL;
	va_start(arguments, format);
	vsnprintf(answer->err.text, sizeof(answer->err.text), format, arguments);
	va_end(arguments);
	return code;
}

int auth_answer_no_memory(struct auth_answer *answer)
{
	return auth_answer_refuse(
		answer, AUTH_ERR_UNAVAILABLE, AUTH_REASON_NO_MEMORY, "signing in is not possible now: memory is short; try again later");
}

int auth_answer_accept(struct auth_answer *answer, const struct auth_identity *identity)
{
	answer->code = 0;
	answer->reason = AUTH_REASON_NONE;
	answer->identity = identity;
	return 0;
}

void auth_note(const struct auth_noter *noter, const char *format, ...)
{
	struct err line = ERR_INIT;
	va_list arguments;

	if (noter->note == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line.text, sizeof(line.text), format, arguments);
	va_end(arguments);
	noter->note(noter->ctx, line.text);
}
