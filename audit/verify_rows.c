/* Verification of one segment's rows. */
#include "audit/verify_private.h"

#include <stdio.h>
#include <string.h>

#include "audit/line.h"
#include "audit/log.h"

#define ROW_BYTES_MIN 128 /* a line begins with its number, time and salt, and its hash is beside it */

struct walk {
	struct verify *verify;
	const struct verify_range *range;
	struct db_stmt *scan; /* all rows from ?1 on */
	struct db_stmt *one;  /* row ?1 */
	struct db_stmt *head; /* root kept at size ?1 */
};

static int prepare(struct walk *walk, struct err *err)
{
	int code = db_prepare(walk->range->db, "SELECT seq, line, hash FROM leaf NOT INDEXED WHERE seq >= ?1 ORDER BY seq", &walk->scan, err);

	if (code == 0)
		code = db_prepare(walk->range->db, "SELECT seq, line, hash FROM leaf NOT INDEXED WHERE seq = ?1", &walk->one, err);
	if (code == 0)
		code = db_prepare(walk->range->db, "SELECT root FROM head NOT INDEXED WHERE size = ?1", &walk->head, err);
	return code;
}

/* A head that agrees with the lines clears what was suspected of them; one that agrees with the kept hashes tells that the lines were edited. */
static void compare_head(struct verify *verify, struct slice root, const char *detail)
{
	if (!verify->lines_broken && verify->split && verify_root_is(&verify->lines, root))
		verify->split = false;
	if (verify_root_is(verify_kept(verify), root)) {
		verify->good = verify->next;
		verify->found_since_good = false;
		return;
	}
	if (!verify->found_since_good)
		verify_found(verify, AUDIT_FAULT_HEAD, verify->good, verify->next - 1, detail);
	verify->kept_broken = true;
}

static void check_heads(struct walk *walk)
{
	struct verify *verify = walk->verify;
	const struct tlog_head *tip = walk->range->tip;

	if (verify->next % LOG_HEAD_EVERY == 0 && !verify->kept_broken) {
		struct err err = ERR_INIT;
		int code;

		db_bind_int(walk->head, 1, (int64_t)verify->next);
		code = db_step(walk->head, &err);
		if (!verify_stops(verify, code, &err))
			compare_head(
				verify, code == DB_ROW ? db_column_blob(walk->head, 0) : SLICE_NONE, code == DB_DONE ? "it was removed" : err.text);
		db_reset(walk->head);
	}
	if (tip != NULL && verify->next == tip->size && !verify->kept_broken)
		compare_head(verify, slice_make(tip->root.bytes, sizeof(tip->root.bytes)), NULL);
}

static bool says_sequence(struct slice line, uint64_t seq)
{
	struct slice time;
	uint64_t said;

	return line_scan(line, &said, &time) && said == seq;
}

/* The row of sequence verify->next. */
static void take_row(struct walk *walk, struct db_stmt *row)
{
	struct verify *verify = walk->verify;
	struct slice line = db_column_blob(row, 1);
	struct slice hash = db_column_blob(row, 2);
	struct tlog_hash now;
	struct tlog_hash kept = { .bytes = { 0 } };
	bool same;

	tlog_leaf_hash(line, &now);
	if (hash.len == sizeof(kept.bytes))
		memcpy(kept.bytes, hash.ptr, hash.len);
	same = hash.len == sizeof(kept.bytes) && memcmp(&now, &kept, sizeof(now)) == 0;
	if (!same)
		verify_found(verify, AUDIT_FAULT_EDITED, verify->next, verify->next, NULL);
	else if (!says_sequence(line, verify->next))
		verify_found(verify, AUDIT_FAULT_MOVED, verify->next, verify->next, NULL);
	if (!same && !verify->split) {
		verify->kept = verify->lines;
		verify->split = true;
	}
	tlog_edge_add(&verify->lines, &now);
	if (verify->split)
		tlog_edge_add(&verify->kept, &kept);
	verify->result.rows++;
	verify->next++;
	check_heads(walk);
	verify_check_expected(verify);
}

static void take_stray(struct walk *walk, int64_t seq)
{
	uint64_t row = seq < 0 ? 0 : (uint64_t)seq;
	char detail[64] = "";

	if (walk->range->superseded && row >= walk->range->end) {
		walk->verify->result.superseded++;
		return;
	}
	if (seq < 0)
		snprintf(detail, sizeof(detail), "its number is %lld", (long long)seq);
	verify_found(walk->verify, AUDIT_FAULT_ADDED, row, row, detail);
}

/* Rows as they come, from sequence `from` on: 0 at the end, else SQLite could not go on. */
static int scan(struct walk *walk, int64_t from, struct err *err)
{
	struct verify *verify = walk->verify;
	int code;

	db_bind_int(walk->scan, 1, from);
	while ((code = db_step(walk->scan, err)) == DB_ROW) {
		int64_t seq = db_column_int(walk->scan, 0);

		if (seq < (int64_t)verify->next || (uint64_t)seq >= walk->range->end) {
			take_stray(walk, seq);
			continue;
		}
		if ((uint64_t)seq > verify->next)
			verify_lost(verify, AUDIT_FAULT_MISSING, (uint64_t)seq - 1, NULL);
		take_row(walk, walk->scan);
	}
	db_reset(walk->scan);
	return code;
}

/* More rows than this are in no file of that size, whatever its tip says. 0 when not even the size can be told. */
static uint64_t rows_possible(struct db *db)
{
	struct db_stmt *stmt = NULL;
	uint64_t rows = 0;

	if (db_prepare(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", &stmt, NULL) == 0 &&
		db_step(stmt, NULL) == DB_ROW)
		rows = (uint64_t)db_column_int(stmt, 0) / ROW_BYTES_MIN;
	db_finalize(&stmt);
	return rows;
}

/* One by one over what cannot be read, until a row can. */
static void skip_unreadable(struct walk *walk)
{
	struct verify *verify = walk->verify;
	uint64_t left = rows_possible(walk->range->db);
	int code = DB_DONE;

	while (verify->next < walk->range->end && code != DB_ROW && !verify_stopped(verify)) {
		struct err err = ERR_INIT;

		if (left-- == 0) {
			verify_lost(verify, AUDIT_FAULT_UNREADABLE, walk->range->end - 1, NULL);
			return;
		}
		db_bind_int(walk->one, 1, (int64_t)verify->next);
		code = db_step(walk->one, &err);
		if (code == DB_ROW)
			take_row(walk, walk->one);
		else if (!verify_stops(verify, code, &err))
			verify_lost(verify, code == DB_DONE ? AUDIT_FAULT_MISSING : AUDIT_FAULT_UNREADABLE, verify->next, err.text);
		db_reset(walk->one);
	}
}

/* Damage in the middle of the tree of pages leaves rows on both sides of it readable. */
static void scan_all(struct walk *walk)
{
	struct verify *verify = walk->verify;
	struct err err = ERR_INIT;
	int code = scan(walk, INT64_MIN, &err);

	while (code < 0 && !verify_stops(verify, code, &err) && walk->range->end != VERIFY_END_UNKNOWN && verify->next < walk->range->end) {
		skip_unreadable(walk);
		code = scan(walk, (int64_t)verify->next, &err);
	}
	if (code < 0 && !verify_stops(verify, code, &err))
		verify_found(verify, AUDIT_FAULT_UNREADABLE, verify->next, verify->next, err.text);
}

void verify_rows(struct verify *verify, const struct verify_range *range)
{
	struct walk walk = { .verify = verify, .range = range };
	struct err err = ERR_INIT;
	int code = prepare(&walk, &err);

	if (code == 0) {
		scan_all(&walk);
		if (!verify_stopped(verify) && range->end != VERIFY_END_UNKNOWN && verify->next < range->end)
			verify_lost(verify, AUDIT_FAULT_MISSING, range->end - 1, NULL);
	} else if (!verify_stops(verify, code, &err) && range->end != VERIFY_END_UNKNOWN && verify->next < range->end) {
		verify_lost(verify, AUDIT_FAULT_UNREADABLE, range->end - 1, err.text);
	} else if (!verify_stopped(verify)) {
		verify_found(verify, AUDIT_FAULT_UNREADABLE, verify->next, verify->next, err.text);
	}
	db_finalize(&walk.scan);
	db_finalize(&walk.one);
	db_finalize(&walk.head);
}
