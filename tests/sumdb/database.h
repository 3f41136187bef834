/*
 * A checksum database in memory with a key of its own, and every way in which it can lie. Record i is of example.com/Mod<i> v1.0.0; heads are
 * of its first `size` records.
 */
#ifndef TESTS_SUMDB_DATABASE_H
#define TESTS_SUMDB_DATABASE_H

#include <ftw.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "sumdb/sumdb.h"
#include "tests/tlog/log.h"

#define KEY    "sum.example.org+59a925b1+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
#define SIGNER "PRIVATE+KEY+sum.example.org+59a925b1+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH"
/* Another key of the same name. */
#define OTHER_KEY    "sum.example.org+8ea508fd+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6"
#define OTHER_SIGNER "PRIVATE+KEY+sum.example.org+8ea508fd+AQsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsL"
#define RECORDS      700

enum lie {
	LIE_NONE,
	LIE_EMPTY,        /* a lookup without a body */
	LIE_NOISE,        /* a lookup that is a page of HTML */
	LIE_FOREIGN,      /* CVE-2026-42501: the true record of another module */
	LIE_TAIL,         /* CVE-2026-56864: the same, and the lines asked for stand in the signed tree note */
	LIE_HASH,         /* another hash in the record */
	LIE_EXTRA_LINE,   /* a line more in the record */
	LIE_NUMBER,       /* the record under another number */
	LIE_NUMBER_LARGE, /* a number beyond the tree */
	LIE_NUMBER_ODD,   /* a number with a leading zero */
	LIE_UNSIGNED,     /* no signature */
	LIE_SIGNATURE,    /* a spoilt signature */
	LIE_OTHER_KEY,    /* signed by the other key */
	LIE_FORK,         /* a tree in which record 0 is another one */
	LIE_TILE_LEAF,    /* tiles of level 0 with one byte changed */
	LIE_TILE_ABOVE,   /* tiles of level 1 with one byte changed */
	LIE_TILE_SHORT,
	LIE_TILE_GONE, /* 404 for every tile */
	LIE_LARGE,     /* a lookup larger than any */
	LIE_ABSENT,    /* 404 for a lookup */
	LIE_DOWN,      /* nothing answers */
	LIE_COUNT
};

struct database {
	struct log honest, forked;
	_Atomic uint64_t size;
	enum lie lie;
	bool drop_partials; /* 404 for a partial tile that has become full */
	const char *first;  /* the module of record 0; NULL: as the others */
	atomic_int lookups, tiles, latests;
};

/* One source a thread: the database and the one module it may be asked for. */
struct database_source {
	struct database *database;
	uint64_t record; /* of the module */
	char module[64];
};

static inline void record_hashes(uint64_t record, char zip_out[64], char gomod_out[64])
{
	snprintf(zip_out, 64, "h1:zip%040llu=", (unsigned long long)record);
	snprintf(gomod_out, 64, "h1:mod%040llu=", (unsigned long long)record);
}

static inline void record_text_of(const char *module, uint64_t record, const char *spoil, struct buf *out)
{
	char zip[64], gomod[64];

	record_hashes(record, zip, gomod);
	buf_printf(out, "%s v1.0.0 %s%s\n", module, zip, spoil);
	buf_printf(out, "%s v1.0.0/go.mod %s\n", module, gomod);
}

static inline void record_text(uint64_t record, const char *spoil, struct buf *out)
{
	char module[64];

	snprintf(module, sizeof(module), "example.com/Mod%llu", (unsigned long long)record);
	record_text_of(module, record, spoil, out);
}

static inline void fill_log(struct log *log, bool fork)
{
	memset(log, 0, sizeof(*log));
	log->size = RECORDS;
	log->levels[0] = calloc(RECORDS, sizeof(struct tlog_hash));
	assert_non_null(log->levels[0]);
	for (uint64_t i = 0; i < RECORDS; i++) {
		struct buf text = BUF_INIT(1000);

		record_text(i, fork && i == 0 ? "fork" : "", &text);
		tlog_leaf_hash(buf_slice(&text), &log->levels[0][i]);
		buf_free(&text);
	}
	log_build(log);
}

static inline void database_open(struct database *database)
{
	memset(database, 0, sizeof(*database));
	fill_log(&database->honest, false);
	fill_log(&database->forked, true);
	database->size = 300;
}

/* Another tree: record 0 is of that module, which must live as long. */
static inline void database_name_first(struct database *database, const char *module)
{
	struct buf text = BUF_INIT(4000);

	record_text_of(module, 0, "", &text);
	tlog_leaf_hash(buf_slice(&text), &database->honest.levels[0][0]);
	log_build(&database->honest);
	database->first = module;
	buf_free(&text);
}

static inline void database_close(struct database *database)
{
	log_close(&database->honest);
	log_close(&database->forked);
}

static inline void database_head(struct database *database, const char *extra, struct buf *out)
{
	const struct log *log = database->lie == LIE_FORK ? &database->forked : &database->honest;
	struct tlog_head head = log_head(log, database->size);
	struct buf text = BUF_INIT(4000);
	struct note_signer signer;
	size_t start = out->len;

	assert_int_equal(note_signer_parse(slice_of(database->lie == LIE_OTHER_KEY ? OTHER_SIGNER : SIGNER), &signer, NULL), 0);
	tlog_head_format(&head, &text);
	buf_add_text(&text, extra);
	if (database->lie == LIE_UNSIGNED)
		buf_add_slice(out, buf_slice(&text));
	else
		assert_int_equal(note_sign(buf_slice(&text), &signer, out, NULL), 0);
	if (database->lie == LIE_SIGNATURE)
		out->ptr[start + text.len + 30] = out->ptr[start + text.len + 30] == 'A' ? 'B' : 'A';
	buf_free(&text);
}

static inline int database_lookup(void *ctx, struct slice version, struct buf *out, struct err *err)
{
	struct database_source *source = ctx;
	struct database *database = source->database;
	struct buf ours = BUF_INIT(1000);
	uint64_t number = source->record;
	enum lie lie = database->lie;

	database->lookups++;
	if (lie == LIE_DOWN)
		return err_set(err, SUMDB_ERR_UNAVAILABLE, "nobody answers");
	if (lie == LIE_ABSENT || !slice_equal_text(version, "v1.0.0") || number >= database->size)
		return err_set(err, SUMDB_ERR_ABSENT, "404");
	for (int i = 0; lie == LIE_LARGE && i < SUMDB_LOOKUP_BYTES_MAX; i++)
		buf_add_char(out, 'x');
	if (lie == LIE_EMPTY)
		return 0;
	if (lie == LIE_NOISE)
		buf_add_text(out, "<html>\n\n<body>\n");
	record_text(number, "", &ours);
	if (lie == LIE_FOREIGN || lie == LIE_TAIL)
		number++;
	buf_printf(out, "%s%llu\n", lie == LIE_NUMBER_ODD ? "0" : "",
		(unsigned long long)(number + (lie == LIE_NUMBER) + (lie == LIE_NUMBER_LARGE ? RECORDS : 0)));
	if (number == 0 && database->first != NULL)
		record_text_of(database->first, number, "", out);
	else
		record_text(number, lie == LIE_HASH ? "x" : "", out);
	if (lie == LIE_EXTRA_LINE)
		buf_add_slice(out, buf_slice(&ours));
	buf_add_text(out, "\n");
	database_head(database, lie == LIE_TAIL ? buf_text(&ours) : "", out);
	buf_free(&ours);
	return 0;
}

static inline int database_tile(void *ctx, const struct tile *tile, struct buf *out, struct err *err)
{
	struct database_source *source = ctx;
	struct database *database = source->database;
	const struct tlog_hash *hashes = log_tile(database->lie == LIE_FORK ? &database->forked : &database->honest, tile);
	struct tile full = { tile->level, tile->index, TILE_WIDTH };

	database->tiles++;
	if (database->lie == LIE_DOWN)
		return err_set(err, SUMDB_ERR_UNAVAILABLE, "nobody answers");
	if (database->lie == LIE_TILE_GONE || hashes == NULL)
		return err_set(err, SUMDB_ERR_ABSENT, "404");
	if (database->drop_partials && tile->width < TILE_WIDTH && tile_in_tree(&full, database->size))
		return err_set(err, SUMDB_ERR_ABSENT, "404");
	buf_add(out, hashes, tile->width * sizeof(*hashes) - (database->lie == LIE_TILE_SHORT));
	if ((database->lie == LIE_TILE_LEAF && tile->level == 0) || (database->lie == LIE_TILE_ABOVE && tile->level == 1))
		out->ptr[2] ^= 4;
	return 0;
}

static inline int database_latest(void *ctx, struct buf *out, struct err *err)
{
	struct database_source *source = ctx;

	source->database->latests++;
	if (source->database->lie == LIE_DOWN)
		return err_set(err, SUMDB_ERR_UNAVAILABLE, "nobody answers");
	if (source->database->lie == LIE_ABSENT)
		return err_set(err, SUMDB_ERR_ABSENT, "404");
	database_head(source->database, "", out);
	return 0;
}

static inline struct sumdb_source database_source(struct database *database, uint64_t record, struct database_source *ctx)
{
	static const struct sumdb_source_calls calls = { .lookup = database_lookup, .tile = database_tile, .latest = database_latest };

	ctx->database = database;
	ctx->record = record;
	snprintf(ctx->module, sizeof(ctx->module), "example.com/Mod%llu", (unsigned long long)record);
	return (struct sumdb_source){ .calls = &calls, .ctx = ctx, .module = slice_of(ctx->module) };
}

/* --- a directory to work in ------------------------------------------------------------------------------------------------------ */

static inline int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void directory_remove(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
