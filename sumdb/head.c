/* The one tree head known of a database. It is signed, and only a larger head that is proved to continue it takes its place. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sumdb/sumdb_private.h"

static void empty_head(struct tlog_head *head)
{
	head->size = 0;
	sha256(SLICE_NONE, head->root.bytes);
}

static bool head_equal(const struct tlog_head *a, const struct tlog_head *b)
{
	return a->size == b->size && memcmp(a->root.bytes, b->root.bytes, SHA256_BYTES) == 0;
}

int sumdb_head_open(const struct sumdb *sumdb, struct slice note, struct tlog_head *head_out, struct err *err)
{
	struct slice text;
	int rc = note_open(note, &sumdb->verifier, &text, err);

	if (rc == 0)
		rc = tlog_head_parse(text, head_out, err);
	return rc == 0 ? 0 : err_prepend(err, SUMDB_ERR_FORGED, "the tree head does not verify");
}

int sumdb_head_load(struct sumdb *sumdb, struct err *err)
{
	char *path = sumdb_file(sumdb, "head");
	int rc = path == NULL ? err_set(err, BASE_ERR, "cannot read the tree head of %s: out of memory", sumdb->verifier.name)
			      : file_read(path, &sumdb->head_note, err);

	empty_head(&sumdb->head);
	if (rc == BASE_ERR_ABSENT)
		rc = 0;
	else if (rc != 0)
		rc = SUMDB_ERR;
	else if (sumdb_head_open(sumdb, buf_slice(&sumdb->head_note), &sumdb->head, err) != 0)
		rc = err_prepend(err, SUMDB_ERR_FORGED, "%s is damaged or of another key; restore it, or remove the directory to begin anew", path);
	free(path);
	return rc;
}

void sumdb_head_known(struct sumdb *sumdb, struct tlog_head *known_out)
{
	pthread_mutex_lock(&sumdb->mutex);
	*known_out = sumdb->head;
	pthread_mutex_unlock(&sumdb->mutex);
}

/* Two heads that the database has signed and that contradict each other are evidence against it: kept for whoever has to act on it. */
static int fork_found(struct sumdb *sumdb, struct slice note, struct err *err)
{
	struct buf evidence = BUF_INIT(2 * SUMDB_HEAD_BYTES_MAX + 1024);
	char *path = sumdb_file(sumdb, "fork");

	buf_printf(&evidence, "Two tree heads, both signed by %s, of which neither continues the other.\n\n", sumdb->verifier.name);
	pthread_mutex_lock(&sumdb->mutex);
	buf_add_slice(&evidence, buf_slice(&sumdb->head_note));
	pthread_mutex_unlock(&sumdb->mutex);
	buf_add_text(&evidence, "\n");
	buf_add_slice(&evidence, note);
	if (path != NULL && !buf_failed(&evidence))
		sumdb_file_keep(path, buf_slice(&evidence));
	free(path);
	buf_free(&evidence);
	return err_set(err, SUMDB_ERR_FORGED,
		"it has signed two trees that contradict each other; the operator finds both in the file fork of its directory");
}

/* 0: the first leaves of tree are those of old; SUMDB_ERR_MISMATCH: all tiles prove and they are not. */
static int continues(
	struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *tree, const struct tlog_head *old, struct err *err)
{
	struct tlog_head computed = { .size = old->size, .root = tree->root };
	int rc = tree->size == old->size ? 0 : sumdb_prove_root(sumdb, source, tree, old->size, &computed.root, err);

	if (rc != 0)
		return rc;
	return head_equal(&computed, old) ? 0 : SUMDB_ERR_MISMATCH;
}

/* Puts the head where expected stood: 1 done, 0 another thread was faster. The file first: what is known must survive a kill. */
static int replace(struct sumdb *sumdb, const struct tlog_head *expected, const struct tlog_head *head, struct slice note, struct err *err)
{
	char *path = sumdb_file(sumdb, "head");
	struct buf fresh = BUF_INIT(SUMDB_HEAD_BYTES_MAX);
	int rc = 0;

	buf_add_slice(&fresh, note);
	if (path == NULL || buf_failed(&fresh))
		rc = err_set(err, SUMDB_ERR, "cannot keep the tree head of %s: out of memory; try again later", sumdb->verifier.name);
	pthread_mutex_lock(&sumdb->mutex);
	if (rc == 0 && head_equal(&sumdb->head, expected))
		rc = file_write(path, note, 0600, err) == 0 ? 1 : SUMDB_ERR;
	if (rc == 1) {
		struct buf old = sumdb->head_note;

		sumdb->head = *head;
		sumdb->head_note = fresh;
		fresh = old;
	}
	pthread_mutex_unlock(&sumdb->mutex);
	buf_free(&fresh);
	free(path);
	return rc;
}

int sumdb_head_merge(struct sumdb *sumdb, const struct sumdb_source *source, struct slice note, struct tlog_head *known_out, struct err *err)
{
	struct tlog_head head = { .size = 0 }, known = head;
	int rc = note.len <= SUMDB_HEAD_BYTES_MAX ? sumdb_head_open(sumdb, note, &head, err)
						  : err_set(err, SUMDB_ERR_FORGED, "the tree head is larger than %d bytes", SUMDB_HEAD_BYTES_MAX);

	while (rc == 0) {
		bool larger;

		sumdb_head_known(sumdb, &known);
		larger = head.size > known.size;
		rc = larger ? continues(sumdb, source, &head, &known, err) : continues(sumdb, source, &known, &head, err);
		if (rc == SUMDB_ERR_MISMATCH)
			return fork_found(sumdb, note, err);
		if (rc == 0 && !larger)
			break;
		if (rc == 0)
			rc = replace(sumdb, &known, &head, note, err);
		known = head;
	}
	if (rc >= 0)
		*known_out = known;
	return rc < 0 ? rc : 0;
}

/* True: it is the turn of this thread to ask, if it can. */
static bool renew_due(struct sumdb *sumdb, int64_t max_age_s, bool can_ask)
{
	int64_t now_us = clock_monotonic_us(sumdb->clock);
	bool due;

	pthread_mutex_lock(&sumdb->mutex);
	due = sumdb->head.size == 0 || !sumdb->renewed || now_us - sumdb->renewed_us >= max_age_s * 1000000;
	if (due && can_ask) {
		sumdb->renewed = true;
		sumdb->renewed_us = now_us;
	}
	pthread_mutex_unlock(&sumdb->mutex);
	return due;
}

int sumdb_head_renew(struct sumdb *sumdb, const struct sumdb_source *source, int64_t max_age_s, struct err *err)
{
	struct buf note = BUF_INIT(SUMDB_HEAD_BYTES_MAX);
	struct tlog_head known;
	bool can_ask = source->calls != NULL;
	int rc = 0;

	if (renew_due(sumdb, max_age_s, can_ask)) {
		rc = can_ask ? source->calls->latest(source->ctx, &note, err)
			     : err_set(err, SUMDB_ERR_UNAVAILABLE, "checksum database %s: the tree head is to be asked for anew",
				       sumdb->verifier.name);
		if (rc == SUMDB_ERR_ABSENT)
			rc = err_set(err, SUMDB_ERR_UNAVAILABLE, "checksum database %s tells no latest tree head", sumdb->verifier.name);
		if (rc == 0)
			rc = sumdb_head_merge(sumdb, source, buf_slice(&note), &known, err);
		if (rc == SUMDB_ERR_FORGED)
			err_prepend(err, rc, "SECURITY: checksum database %s", sumdb->verifier.name);
	}
	buf_free(&note);
	return rc;
}
