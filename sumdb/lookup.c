/* Records: asked for once, proved, kept; and compared with what somebody else says about the same version. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "module/path.h"
#include "sumdb/sumdb_private.h"

/* One question, with the names it goes by. */
struct question {
	struct sumdb *sumdb;
	const struct sumdb_source *source;
	struct slice version;
	char *key;  /* module@version */
	char *path; /* of the file the answer is kept in */
};

/* Can a file have that path: is each part of it short enough for a name? */
static bool path_fits(struct slice path)
{
	struct slice part;

	while (slice_next(&path, '/', &part))
		if (part.len > NAME_MAX)
			return false;
	return true;
}

/* A module's first element is never empty, so that its file has another name than this. */
static void name_by_hash(struct slice key, struct buf *name)
{
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX];

	sha256(key, digest);
	hex_encode(digest, sizeof(digest), hex);
	buf_reset(name);
	buf_printf(name, "lookup/@%s", hex);
}

/* Checks the question and fills in its names. */
static int question_open(struct question *question, struct err *err)
{
	struct slice module = question->source->module;
	struct buf key = BUF_INIT(MODULE_PATH_MAX + MODULE_VERSION_MAX + 1);
	struct buf name = BUF_INIT(2 * (MODULE_PATH_MAX + MODULE_VERSION_MAX) + 16);
	int rc = module_check(module, question->version, err);

	buf_printf(&key, "%.*s@%.*s", SLICE_ARG(module), SLICE_ARG(question->version));
	buf_add_text(&name, "lookup/");
	if (rc == 0)
		rc = module_escape_path(module, &name, err);
	buf_add_char(&name, '@');
	if (rc == 0)
		rc = module_escape_version(question->version, &name, err);
	if (rc == 0 && (buf_failed(&key) || buf_failed(&name)))
		rc = err_set(err, SUMDB_ERR_INVALID, "the module or version is too long");
	rc = rc == 0 ? 0 : SUMDB_ERR_INVALID;
	if (rc == 0) {
		if (!path_fits(buf_slice(&name)))
			name_by_hash(buf_slice(&key), &name);
		question->path = sumdb_file(question->sumdb, buf_text(&name));
		question->key = buf_take(&key);
		if (question->path == NULL || question->key == NULL)
			rc = err_set(err, SUMDB_ERR, "cannot look up %.*s: out of memory; try again later", SLICE_ARG(module));
	}
	buf_free(&name);
	buf_free(&key);
	return rc;
}

static void question_close(struct question *question)
{
	free(question->key);
	free(question->path);
}

/* Is the record the one at its number in the tree of head, and about the version in question? source NULL: by cached tiles alone. */
static int prove(const struct question *question, const struct sumdb_source *source, const struct tlog_head *head, const struct sumdb_record *record,
	struct err *err)
{
	struct tlog_hash in_tree, of_text;
	struct slice h1;
	int rc = sumdb_prove_leaf(question->sumdb, source, head, record->id, &in_tree, err);

	if (rc != 0)
		return rc;
	tlog_leaf_hash(record->text, &of_text);
	if (memcmp(in_tree.bytes, of_text.bytes, SHA256_BYTES) != 0)
		return err_set(
			err, SUMDB_ERR_FORGED, "the answer is not the record that the tree holds at number %llu", (unsigned long long)record->id);
	if (!sumdb_record_hash(record->text, question->source->module, question->version, "", &h1) &&
		!sumdb_record_hash(record->text, question->source->module, question->version, "/go.mod", &h1))
		return err_set(err, SUMDB_ERR_FORGED, "the answer is the record of another module or version");
	return 0;
}

/* Is the answer still what was proved once? By its own tree head and the cached tiles, without network. */
static int prove_again(const struct question *question, struct slice answer, struct err *err)
{
	struct sumdb_record record;
	struct tlog_head head;
	int rc = sumdb_record_parse(answer, &record, err);

	if (rc == 0)
		rc = sumdb_head_open(question->sumdb, record.note, &head, err);
	return rc == 0 ? prove(question, NULL, &head, &record, err) : rc;
}

static bool from_disk(const struct question *question, struct buf *answer)
{
	bool good = file_read(question->path, answer, NULL) == 0 && prove_again(question, buf_slice(answer), NULL) == 0;

	if (!good)
		buf_reset(answer);
	return good;
}

static int prove_answer(const struct question *question, struct slice answer, struct err *err)
{
	struct sumdb_record record;
	struct tlog_head head, known;
	int rc = sumdb_record_parse(answer, &record, err);

	if (rc == 0)
		rc = sumdb_head_open(question->sumdb, record.note, &head, err);
	if (rc == 0 && record.id >= head.size)
		rc = err_set(err, SUMDB_ERR_FORGED, "the tree head that came with the record is older than the record");
	if (rc == 0)
		rc = sumdb_head_merge(question->sumdb, question->source, record.note, &known, err);
	return rc == 0 ? prove(question, question->source, &known, &record, err) : rc;
}

static int from_source(const struct question *question, struct buf *answer, struct err *err)
{
	const struct sumdb_source *source = question->source;
	const char *name = question->sumdb->verifier.name;
	int rc;

	if (source->calls == NULL)
		return err_set(err, SUMDB_ERR_UNAVAILABLE, "checksum database %s: the record of %s is not kept here", name, question->key);
	rc = source->calls->lookup(source->ctx, question->version, answer, err);
	if (rc != 0)
		return rc;
	if (buf_failed(answer))
		return err_set(err, SUMDB_ERR_FORGED, "checksum database %s: the answer for %s is larger than %d bytes", name, question->key,
			SUMDB_LOOKUP_BYTES_MAX);
	rc = prove_answer(question, buf_slice(answer), err);
	if (rc == SUMDB_ERR_FORGED)
		return err_prepend(err, rc, "SECURITY: checksum database %s: the answer for %s does not prove", name, question->key);
	if (rc == 0)
		sumdb_file_keep(question->path, buf_slice(answer));
	return rc;
}

/* The proved answer, from the nearest place that has it. */
static int ask(const struct question *question, struct buf *answer, struct err *err)
{
	int rc = 0;

	if (sumdb_memory_get(question->sumdb->memory, question->key, answer))
		return 0;
	if (!from_disk(question, answer))
		rc = from_source(question, answer, err);
	if (rc == 0)
		sumdb_memory_put(question->sumdb->memory, question->key, buf_slice(answer));
	return rc;
}

/* suffix "" for the zip, "/go.mod" for the go.mod. */
static int compare(const struct question *question, struct slice text, const char *suffix, const char *want, struct err *err)
{
	struct slice h1;

	if (want == NULL)
		return 0;
	if (!sumdb_record_hash(text, question->source->module, question->version, suffix, &h1))
		return err_set(err, SUMDB_ERR_FORGED, "SECURITY: checksum database %s: the record of %s has no line for it%s",
			question->sumdb->verifier.name, question->key, suffix);
	if (!slice_equal_text(h1, want))
		return err_set(err, SUMDB_ERR_MISMATCH,
			"SECURITY: %s%s is %s, but checksum database %s holds %.*s; it was changed on the way or at its origin", question->key,
			suffix, want, question->sumdb->verifier.name, SLICE_ARG(h1));
	return 0;
}

int sumdb_check(
	struct sumdb *sumdb, const struct sumdb_source *source, struct slice version, const char *zip_h1, const char *gomod_h1, struct err *err)
{
	struct question question = { .sumdb = sumdb, .source = source, .version = version };
	struct buf answer = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);
	struct sumdb_record record;
	int rc = question_open(&question, err);

	if (rc == 0)
		rc = ask(&question, &answer, err);
	if (rc == 0)
		rc = sumdb_record_parse(buf_slice(&answer), &record, err);
	if (rc == 0)
		rc = compare(&question, record.text, "", zip_h1, err);
	if (rc == 0)
		rc = compare(&question, record.text, "/go.mod", gomod_h1, err);
	buf_free(&answer);
	question_close(&question);
	return rc;
}

int sumdb_lookup_bytes(struct sumdb *sumdb, const struct sumdb_source *source, struct slice version, struct buf *out, struct err *err)
{
	struct question question = { .sumdb = sumdb, .source = source, .version = version };
	struct buf answer = BUF_INIT(SUMDB_LOOKUP_BYTES_MAX);
	int rc = question_open(&question, err);

	if (rc == 0)
		rc = ask(&question, &answer, err);
	if (rc == 0)
		buf_add_slice(out, buf_slice(&answer));
	buf_free(&answer);
	question_close(&question);
	return rc;
}
