/*
 * Questions to a tree through its tiles: from the disk where they are, else from the source. A tile on disk that has rotted must not pass
 * for a forgery: what does not prove with the help of the disk is asked once more of the source alone, and replaces what was there.
 */
#include "sumdb/sumdb_private.h"

struct reader {
	struct sumdb *sumdb;
	const struct sumdb_source *source; /* NULL: the cache alone, which is all that a source without calls is */
	bool cache_used;
	bool cache_barred;
	int code; /* of the source's failure, if that is what failed */
};

/* A partial tile may be gone where it has become a full one since. */
static int fetch(const struct reader *reader, const struct tile *tile, struct buf *out, struct err *err)
{
	const struct sumdb_source *source = reader->source;
	struct tile full = { .level = tile->level, .index = tile->index, .width = TILE_WIDTH };
	struct buf bytes = BUF_INIT(out->max);
	int rc = source->calls->tile(source->ctx, tile, out, err);

	if (rc == SUMDB_ERR_ABSENT && tile->width < TILE_WIDTH) {
		rc = source->calls->tile(source->ctx, &full, &bytes, err);
		if (rc == 0)
			buf_add_slice(out, slice_sub(buf_slice(&bytes), 0, (size_t)tile->width * SHA256_BYTES));
	}
	buf_free(&bytes);
	return rc;
}

static int read_tile(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	struct reader *reader = ctx;
	char path[TILE_PATH_MAX];

	if (!reader->cache_barred && sumdb_tile_cached(reader->sumdb, tile, out)) {
		reader->cache_used = true;
		return 0;
	}
	tile_format(tile, path);
	if (reader->source == NULL)
		reader->code = err_set(err, SUMDB_ERR_UNAVAILABLE, "%s is not cached", path);
	else
		reader->code = fetch(reader, tile, out, err);
	/* That the database has no such tile says nothing about the record in question. */
	if (reader->code == SUMDB_ERR_ABSENT)
		reader->code = err_set(err, SUMDB_ERR_UNAVAILABLE, "checksum database %s: %s is missing", reader->sumdb->verifier.name, path);
	return reader->code;
}

static void keep_tile(void *ctx, const struct tile *tile, struct slice bytes)
{
	struct reader *reader = ctx;

	sumdb_tile_keep(reader->sumdb, tile, bytes, reader->cache_barred);
}

static int result(const struct reader *reader, int rc)
{
	if (rc == 0)
		return 0;
	if (reader->code != 0)
		return reader->code;
	if (rc != TLOG_ERR)
		return SUMDB_ERR;
	return reader->source == NULL && reader->cache_used ? SUMDB_ERR_UNAVAILABLE : SUMDB_ERR_FORGED;
}

/* One question to a tree. What it does not take stays NULL. */
struct question {
	const struct tlog_head *head;
	uint64_t number; /* of the leaf, or the size */
	const struct tile *tile;
	struct tlog_hash *hash_out;
	struct buf *out;
};

typedef int ask_tiles(const struct tile_source *tiles, const struct question *question, struct err *err);

static int ask_leaf(const struct tile_source *tiles, const struct question *question, struct err *err)
{
	return tile_read_leaf(tiles, question->head, question->number, question->hash_out, err);
}

static int ask_root(const struct tile_source *tiles, const struct question *question, struct err *err)
{
	return tile_root_at(tiles, question->head, question->number, question->hash_out, err);
}

static int ask_tile(const struct tile_source *tiles, const struct question *question, struct err *err)
{
	return tile_read(tiles, question->head, question->tile, question->out, err);
}

static int prove(struct sumdb *sumdb, const struct sumdb_source *source, ask_tiles *ask, const struct question *question, struct err *err)
{
	struct reader reader = { .sumdb = sumdb, .source = source != NULL && source->calls != NULL ? source : NULL };
	struct tile_source tiles = { .read = read_tile, .save = keep_tile, .ctx = &reader };
	int rc = ask(&tiles, question, err);

	/* What the disk said may be what is wrong. */
	if (rc == TLOG_ERR && reader.code == 0 && reader.cache_used && reader.source != NULL) {
		reader.cache_barred = true;
		rc = ask(&tiles, question, err);
	}
	return result(&reader, rc);
}

int sumdb_prove_leaf(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, uint64_t index, struct tlog_hash *leaf_out,
	struct err *err)
{
	struct question question = { .head = head, .number = index, .hash_out = leaf_out };

	return prove(sumdb, source, ask_leaf, &question, err);
}

int sumdb_prove_root(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, uint64_t old_size,
	struct tlog_hash *root_out, struct err *err)
{
	struct question question = { .head = head, .number = old_size, .hash_out = root_out };

	return prove(sumdb, source, ask_root, &question, err);
}

int sumdb_prove_tile(struct sumdb *sumdb, const struct sumdb_source *source, const struct tlog_head *head, const struct tile *tile, struct buf *out,
	struct err *err)
{
	struct question question = { .head = head, .tile = tile, .out = out };

	return prove(sumdb, source, ask_tile, &question, err);
}
