/* Walking the rows of a log. */
#include "audit/reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/segment.h"

#define CHUNK_ROWS 4096

struct place {
	unsigned number;
	uint64_t first;
};

struct reader {
	char *dir;
	uint64_t next;        /* sequence to go on from */
	struct place *places; /* the segments to read, the last one first */
	size_t places_left;   /* places[places_left - 1] is the current one */
	char name[SEGMENT_NAME_MAX];
	struct db *db; /* the current segment; NULL: not open yet */
	struct db_stmt *rows;
	size_t chunk; /* rows given in the current read transaction; the statement is at rest when 0 */
};

static int describe(const char *dir, unsigned number, struct segment_description *description_out, struct err *err)
{
	char name[SEGMENT_NAME_MAX];
	struct db *db = NULL;
	int code = segment_open(dir, number, &db, err);

	if (code == 0)
		code = segment_describe(db, description_out, err);
	db_close(&db);
	segment_name(number, name);
	return code < 0 ? err_prepend(err, AUDIT_ERR, "%s cannot be read (run `modgate audit verify`)", name) : code;
}

/* From the end back to the segment that holds `from`: those before it are never opened. */
static int find_places(struct reader *reader, const struct segment_list *list, uint64_t from, struct err *err)
{
	size_t found = 0;

	reader->places = calloc(list->count, sizeof(*reader->places));
	if (reader->places == NULL)
		return err_set(err, AUDIT_ERR, "cannot read the audit log: out of memory");
	for (size_t i = list->count; i > 0; i--) {
		struct segment_description description;
		int code = describe(reader->dir, list->numbers[i - 1], &description, err);

		if (code < 0)
			return code;
		if (code == SEGMENT_UNBORN)
			continue;
		reader->places[found++] = (struct place){ .number = list->numbers[i - 1], .first = description.first };
		if (description.first <= from)
			break;
	}
	reader->places_left = found;
	return 0;
}

int reader_open(const char *dir, uint64_t from, struct reader **reader_out, struct err *err)
{
	struct segment_list list = { .numbers = NULL };
	struct reader *reader = calloc(1, sizeof(*reader));
	int code = 0;

	if (reader != NULL)
		reader->dir = strdup(dir);
	if (reader == NULL || reader->dir == NULL)
		code = err_set(err, AUDIT_ERR, "cannot read the audit log: out of memory");
	if (code == 0)
		code = segment_list_read(dir, &list, err);
	if (code == 0 && list.count == 0)
		code = err_set(err, AUDIT_ERR, "there is no audit log in %s", dir);
	if (code == 0) {
		reader->next = from;
		code = find_places(reader, &list, from, err);
	}
	segment_list_free(&list);
	if (code < 0)
		reader_close(&reader);
	else
		*reader_out = reader;
	return code;
}

static void leave_segment(struct reader *reader)
{
	db_finalize(&reader->rows);
	db_close(&reader->db);
	reader->chunk = 0;
}

void reader_close(struct reader **reader)
{
	if (*reader == NULL)
		return;
	leave_segment(*reader);
	free((*reader)->places);
	free((*reader)->dir);
	free(*reader);
	*reader = NULL;
}

static int enter_segment(struct reader *reader, struct err *err)
{
	unsigned number = reader->places[reader->places_left - 1].number;
	int code = segment_open(reader->dir, number, &reader->db, err);

	segment_name(number, reader->name);
	if (code == 0)
		code = db_prepare(reader->db, "SELECT seq, line FROM leaf WHERE seq >= ?1 AND seq < ?2 ORDER BY seq", &reader->rows, err);
	return code;
}

/* The first sequence that is no more the current segment's. */
static int64_t limit(const struct reader *reader)
{
	uint64_t first = reader->places_left > 1 ? reader->places[reader->places_left - 2].first : INT64_MAX;

	return (int64_t)first;
}

/* 1: a row; 0: the segment is done. */
static int step(struct reader *reader, struct reader_row *row_out, struct err *err)
{
	int code;

	if (reader->chunk >= CHUNK_ROWS) {
		db_reset(reader->rows);
		reader->chunk = 0;
	}
	if (reader->chunk == 0) {
		db_bind_int(reader->rows, 1, (int64_t)reader->next);
		db_bind_int(reader->rows, 2, limit(reader));
	}
	code = db_step(reader->rows, err);
	if (code != DB_ROW)
		return code;
	reader->chunk++;
	row_out->seq = (uint64_t)db_column_int(reader->rows, 0);
	row_out->line = db_column_blob(reader->rows, 1);
	row_out->segment = reader->name;
	reader->next = row_out->seq + 1;
	return 1;
}

int reader_next(struct reader *reader, struct reader_row *row_out, struct err *err)
{
	int code = 0;

	while (code == 0 && reader->places_left > 0) {
		if (reader->db == NULL)
			code = enter_segment(reader, err);
		if (code == 0)
			code = step(reader, row_out, err);
		if (code == 0) {
			leave_segment(reader);
			reader->places_left--;
		}
	}
	if (code < 0)
		return err_prepend(err, AUDIT_ERR, "%s cannot be read from row %llu on (run `modgate audit verify`)", reader->name,
			(unsigned long long)reader->next);
	return code;
}
