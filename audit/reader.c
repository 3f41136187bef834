/* Walking the rows of a log. */
#include "audit/reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/segment.h"
#include "base/buf.h"

/* Rows are taken in chunks, so that no read transaction is open while they are dealt with: it would keep the writer's log from shrinking. */
#define CHUNK_ROWS  1024
#define CHUNK_BYTES (1024 * 1024)

struct place {
	unsigned number;
	uint64_t first;
};

struct item {
	uint64_t seq;
	size_t at; /* in lines */
	size_t len;
};

struct reader {
	char *dir;
	uint64_t next;        /* sequence to go on from */
	struct place *places; /* the segments to read, the last one first */
	size_t places_left;   /* places[places_left - 1] is the current one */
	char name[SEGMENT_NAME_MAX];
	struct db *db; /* the current segment; NULL: not open yet */
	struct db_stmt *rows;
	struct item items[CHUNK_ROWS];
	size_t taken;
	size_t given;     /* of those taken */
	struct buf lines; /* of the items, one after another */
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
	return code < 0 ? err_prepend(err, AUDIT_ERR, "%s cannot be read (run `modgate audit verify`)", name) : 0;
}

/* From the end back to the segment that holds `from`: those before it are never opened. */
static int find_places(struct reader *reader, const struct segment_list *list, uint64_t from, struct err *err)
{
	size_t found = 0;

	reader->places = calloc(list->count, sizeof(*reader->places));
	if (reader->places == NULL)
		return err_set(err, AUDIT_ERR, "cannot read the audit log: out of memory");
	for (size_t i = list->count; i > 0; i--) {
		struct segment_description description = { .first = 0 };
		int code = describe(reader->dir, list->numbers[i - 1], &description, err);

		if (code < 0)
			return code;
		reader->places[found++] = (struct place){ .number = list->numbers[i - 1], .first = description.first };
		if (description.first <= from)
			break;
	}
	reader->places_left = found;
	return 0;
}

static int find_start(struct reader *reader, uint64_t from, struct err *err)
{
	struct segment_list list;
	int code = segment_list_read(reader->dir, &list, err);

	if (code < 0)
		return code;
	if (list.count == 0)
		code = err_set(err, AUDIT_ERR, "there is no audit log in %s", reader->dir);
	else
		code = find_places(reader, &list, from, err);
	segment_list_free(&list);
	return code;
}

int reader_open(const char *dir, uint64_t from, struct reader **reader_out, struct err *err)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int code;

	if (reader == NULL)
		return err_set(err, AUDIT_ERR, "cannot read the audit log: out of memory");
	buf_init(&reader->lines, CHUNK_BYTES + AUDIT_LINE_MAX);
	reader->next = from;
	reader->dir = strdup(dir);
	code = reader->dir == NULL ? err_set(err, AUDIT_ERR, "cannot read the audit log: out of memory") : find_start(reader, from, err);
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
}

void reader_close(struct reader **reader)
{
	if (*reader == NULL)
		return;
	leave_segment(*reader);
	buf_free(&(*reader)->lines);
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
		code = db_prepare(reader->db, "SELECT seq, line FROM leaf NOT INDEXED WHERE seq >= ?1 AND seq < ?2 ORDER BY seq", &reader->rows, err);
	return code;
}

/* The first sequence that is no more the current segment's. */
static int64_t limit(const struct reader *reader)
{
	uint64_t first = reader->places_left > 1 ? reader->places[reader->places_left - 2].first : INT64_MAX;

	return (int64_t)first;
}

static int take_row(struct reader *reader, struct err *err)
{
	struct slice line = db_column_blob(reader->rows, 1);
	struct item *item = &reader->items[reader->taken];

	*item = (struct item){ .seq = (uint64_t)db_column_int(reader->rows, 0), .at = reader->lines.len, .len = line.len };
	if (line.len > AUDIT_LINE_MAX)
		return err_set(err, AUDIT_ERR, "row %llu is longer than any audit line", (unsigned long long)item->seq);
	buf_add_slice(&reader->lines, line);
	if (buf_failed(&reader->lines))
		return err_set(err, AUDIT_ERR, "out of memory");
	reader->taken++;
	reader->next = item->seq + 1;
	return 0;
}

/* The next rows of the current segment; none at its end. */
static int fill(struct reader *reader, struct err *err)
{
	int code = DB_ROW;

	reader->taken = 0;
	reader->given = 0;
	buf_reset(&reader->lines);
	db_bind_int(reader->rows, 1, (int64_t)reader->next);
	db_bind_int(reader->rows, 2, limit(reader));
	while (code == DB_ROW && reader->taken < CHUNK_ROWS && reader->lines.len < CHUNK_BYTES) {
		code = db_step(reader->rows, err);
		if (code == DB_ROW && take_row(reader, err) < 0)
			code = AUDIT_ERR;
	}
	db_reset(reader->rows);
	/* What came before a row that cannot be read is given first. */
	return code < 0 && reader->taken == 0 ? code : 0;
}

static bool give(struct reader *reader, struct reader_row *row_out)
{
	const struct item *item = &reader->items[reader->given];

	if (reader->given == reader->taken)
		return false;
	row_out->seq = item->seq;
	row_out->line = slice_sub(buf_slice(&reader->lines), item->at, item->at + item->len);
	row_out->segment = reader->name;
	reader->given++;
	return true;
}

int reader_next(struct reader *reader, struct reader_row *row_out, struct err *err)
{
	int code = 0;

	while (code == 0 && reader->places_left > 0) {
		if (give(reader, row_out))
			return 1;
		if (reader->db == NULL)
			code = enter_segment(reader, err);
		if (code == 0)
			code = fill(reader, err);
		if (code == 0 && reader->taken == 0) {
			leave_segment(reader);
			reader->places_left--;
		}
	}
	if (code < 0)
		return err_prepend(err, AUDIT_ERR, "%s cannot be read from row %llu on (run `modgate audit verify`)", reader->name,
			(unsigned long long)reader->next);
	return 0;
}
