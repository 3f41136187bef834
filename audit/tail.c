/* The newest rows: witnesses that some are gone. */
#include "audit/tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/reader.h"

static void look_at_wal(const char *dir, struct tail *tail)
{
	struct segment_list list;
	char *path = NULL;

	if (segment_list_read(dir, &list, NULL) < 0)
		return;
	if (list.count > 0) {
		segment_name(list.numbers[list.count - 1], tail->segment);
		path = segment_path(dir, list.numbers[list.count - 1]);
	}
	if (path != NULL)
		tail->damaged = wal_damaged(path, &tail->damage);
	free(path);
	segment_list_free(&list);
}

/* The mark of the index: how many rows, and the hash of the first. */
static void read_mark(struct db *db, struct tail *tail)
{
	struct db_stmt *stmt = NULL;
	struct slice origin;

	if (db_prepare(db, "SELECT next, origin FROM mark", &stmt, NULL) < 0)
		return;
	if (db_step(stmt, NULL) == DB_ROW) {
		origin = db_column_blob(stmt, 1);
		if (db_column_int(stmt, 0) > 0 && origin.len == sizeof(tail->origin.bytes)) {
			tail->seen = (uint64_t)db_column_int(stmt, 0);
			memcpy(tail->origin.bytes, origin.ptr, origin.len);
		}
	}
	db_finalize(&stmt);
}

/* An empty log may have lost its first row too; another first row is another log's. */
static bool begins_with(const char *dir, const struct tlog_hash *origin)
{
	struct reader *reader = NULL;
	struct reader_row row;
	struct tlog_hash first;
	bool same = false;
	int code;

	if (reader_open(dir, 0, &reader, NULL) < 0)
		return false;
	code = reader_next(reader, &row, NULL);
	if (code == 1) {
		tlog_leaf_hash(row.line, &first);
		same = memcmp(&first, origin, sizeof(first)) == 0;
	}
	reader_close(&reader);
	return code == 0 || same;
}

static void look_at_index(const char *dir, struct tail *tail)
{
	struct db_options options = { .read_only = true };
	struct db *db = NULL;
	char *path;

	if (asprintf(&path, "%s/index.db", dir) < 0)
		return;
	options.path = path;
	if (db_open(&options, &db, NULL) == 0)
		read_mark(db, tail);
	db_close(&db);
	free(path);
}

void tail_look(const char *dir, struct tail *tail_out)
{
	*tail_out = (struct tail){ .seen = 0 };
	look_at_wal(dir, tail_out);
	look_at_index(dir, tail_out);
}

void tail_damage_text(const struct tail *tail, char out[TAIL_TEXT_MAX])
{
	char where[32] = "its header";

	out[0] = '\0';
	if (!tail->damaged)
		return;
	if (tail->damage.frame > 0)
		snprintf(where, sizeof(where), "frame %llu", (unsigned long long)tail->damage.frame);
	snprintf(out, TAIL_TEXT_MAX, "%s of %s-wal is not what was written, and %llu commits lie behind it: no crash leaves that", where,
		tail->segment, (unsigned long long)tail->damage.commits);
}

void tail_seen_text(const struct tail *tail, const char *dir, uint64_t size, char out[TAIL_TEXT_MAX])
{
	out[0] = '\0';
	if (tail->seen > size && begins_with(dir, &tail->origin))
		snprintf(out, TAIL_TEXT_MAX,
			"the index has seen %llu rows and the log ends after %llu: its end was cut off or damaged, the disk lost it, or these are "
			"copies not "
			"taken at one moment",
			(unsigned long long)tail->seen, (unsigned long long)size);
}
