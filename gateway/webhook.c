/* Secrets of repositories, and what was signed with them. */
#include "gateway/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "module/path.h"

#define HMAC_BLOCK 64 /* of SHA-256, in bytes */

struct secret {
	const char *prefix; /* of the settings */
	struct buf text;    /* empty: this repository has none */
};

struct webhooks {
	const struct settings *settings;
	uint8_t nobody[SHA256_BYTES]; /* stands for a secret where there is none */
	size_t count;
	struct secret secrets[];
};

static int read_secret(const char *source, struct buf *out, struct err *err)
{
	if (source == NULL)
		return 0;
	return file_read_secret(source, out, err) == 0 ? 0 : err_prepend(err, BASE_ERR, "repositories[].webhook_secret_file");
}

int webhooks_read(const struct settings *settings, struct webhooks **webhooks_out, struct err *err)
{
	struct webhooks *webhooks = calloc(1, sizeof(*webhooks) + settings->repositories_count * sizeof(struct secret));
	int code = 0;
	if (webhooks == NULL)
		return err_set(err, BASE_ERR, "memory is short");
	webhooks->settings = settings_ref(settings);
	random_bytes(webhooks->nobody, sizeof(webhooks->nobody));
	for (; code == 0 && webhooks->count < settings->repositories_count; webhooks->count++) {
		const struct settings_repository *from = &settings->repositories[webhooks->count];
		struct secret *secret = &webhooks->secrets[webhooks->count];
		*secret = (struct secret){ .prefix = from->prefix, .text = BUF_INIT(FILE_SECRET_BYTES_MAX) };
		code = read_secret(from->webhook_secret_file, &secret->text, err);
	}
	if (code != 0)
		webhooks_close(&webhooks);
	else
		*webhooks_out = webhooks;
	return code;
}

void webhooks_close(struct webhooks **webhooks)
{
	if (*webhooks == NULL)
		return;
	for (size_t i = 0; i < (*webhooks)->count; i++)
		buf_wipe(&(*webhooks)->secrets[i].text);
	settings_unref((*webhooks)->settings);
	free(*webhooks);
	*webhooks = NULL;
}

/* Of the rule that the module is built by, the longest prefix, and of no other. */
static struct slice secret_of(const struct webhooks *webhooks, struct slice module)
{
	const struct secret *best = NULL;
	for (size_t i = 0; i < webhooks->count; i++) {
		const struct secret *secret = &webhooks->secrets[i];
		if (module_path_prefix_closer(module, slice_of(secret->prefix), slice_of(best != NULL ? best->prefix : "")))
			best = secret;
	}
	return best != NULL ? buf_slice(&best->text) : SLICE_NONE;
}

struct webhook {
	bool known; /* there is a secret */
	struct sha256_stream *inner, *outer;
	bool compared; /* the header held the secret itself: nothing is left to compare */
	bool equal;
	uint8_t signature[SHA256_BYTES];
};

/* RFC 2104: the key, filled up with zeroes, and what is hashed before message and inner hash. */
static void begin_hmac(struct webhook *webhook, struct slice secret)
{
	uint8_t key[HMAC_BLOCK] = { 0 }, inner[HMAC_BLOCK], outer[HMAC_BLOCK];
	if (secret.len > sizeof(key))
		sha256(secret, key);
	else
		memcpy(key, secret.ptr, secret.len);
	for (size_t i = 0; i < sizeof(key); i++) {
		inner[i] = key[i] ^ 0x36;
		outer[i] = key[i] ^ 0x5c;
	}
	sha256_add(webhook->inner, inner, sizeof(inner));
	sha256_add(webhook->outer, outer, sizeof(outer));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
}

/* Their hashes are compared, since these are of one length. */
static bool secrets_equal(struct slice a, struct slice b)
{
	uint8_t first[SHA256_BYTES], second[SHA256_BYTES];
	sha256(a, first);
	sha256(b, second);
	return bytes_equal_secret(slice_make((const char *)first, sizeof(first)), slice_make((const char *)second, sizeof(second)));
}

static bool read_signature(struct webhook *webhook, enum webhook_form form, struct slice signature)
{
	struct slice name = SLICE("sha256=");
	if (form == WEBHOOK_HMAC_PREFIXED) {
		if (!slice_starts(signature, name))
			return false;
		signature = slice_after(signature, name.len);
	}
	return hex_decode(signature, webhook->signature, sizeof(webhook->signature));
}

struct webhook *webhook_open(const struct webhooks *webhooks, struct slice module, enum webhook_form form, struct slice signature)
{
	struct webhook *webhook = calloc(1, sizeof(*webhook));
	struct slice secret = secret_of(webhooks, module);
	if (webhook == NULL)
		return NULL;
	webhook->inner = sha256_open();
	webhook->outer = sha256_open();
	if (webhook->inner == NULL || webhook->outer == NULL) {
		webhook_close(&webhook);
		return NULL;
	}
	webhook->known = secret.len != 0;
	if (!webhook->known)
		secret = slice_make((const char *)webhooks->nobody, sizeof(webhooks->nobody));
	begin_hmac(webhook, secret);
	webhook->compared = form == WEBHOOK_TOKEN;
	if (webhook->compared)
		webhook->equal = secrets_equal(secret, signature);
	else if (!read_signature(webhook, form, signature))
		webhook->known = false;
	return webhook;
}

void webhook_body(struct webhook *webhook, const void *bytes, size_t len)
{
	if (!webhook->compared)
		sha256_add(webhook->inner, bytes, len);
}

bool webhook_good(struct webhook *webhook)
{
	uint8_t digest[SHA256_BYTES];
	if (webhook->compared)
		return webhook->known && webhook->equal;
	sha256_digest(webhook->inner, digest);
	sha256_add(webhook->outer, digest, sizeof(digest));
	sha256_digest(webhook->outer, digest);
	struct slice made = slice_make((const char *)digest, sizeof(digest));
	bool equal = bytes_equal_secret(made, slice_make((const char *)webhook->signature, sizeof(webhook->signature)));
	return webhook->known && equal;
}

void webhook_close(struct webhook **webhook)
{
	if (*webhook == NULL)
		return;
	sha256_close(&(*webhook)->inner);
	sha256_close(&(*webhook)->outer);
	free(*webhook);
	*webhook = NULL;
}
