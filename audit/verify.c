/* Verification: the segments in order, the tree across them, the expected head. */
#include "audit/verify_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a segment before it is read. */
struct place {
	unsigned number;
	bool first_known;
	uint64_t first;
};

const struct tlog_edge *verify_kept(const struct verify *verify)
{
	return verify->split ? &verify->kept : &verify->lines;
}

bool verify_root_is(const struct tlog_edge *edge, struct slice root)
{
	struct tlog_hash now;

	tlog_edge_root(edge, &now);
	return root.len == sizeof(now.bytes) && memcmp(root.ptr, now.bytes, root.len) == 0;
}

bool verify_stops(struct verify *verify, int code, const struct err *err)
{
	if (code != DB_ERR_IO && code != BASE_ERR_BUSY)
		return false;
	if (!verify_stopped(verify))
		verify->stopped = *err;
	return true;
}

bool verify_stopped(const struct verify *verify)
{
	return verify->stopped.text[0] != '\0';
}

void verify_check_expected(struct verify *verify)
{
	const struct audit_head *expect = verify->options->expect;

	if (expect == NULL || verify->next != expect->size || verify->lines_broken)
		return;
	if (!verify_root_is(&verify->lines, slice_make(expect->root, sizeof(expect->root))))
		verify_found_in_log(verify, AUDIT_FAULT_EXPECTED, 0, expect->size == 0 ? 0 : expect->size - 1, NULL);
}

/* Every segment's first sequence, because each one ends where the next begins. */
static struct place *survey(struct verify *verify, const struct segment_list *list)
{
	struct place *places = calloc(list->count + 1, sizeof(*places));

	for (size_t i = 0; places != NULL && i < list->count; i++) {
		struct segment_description description;
		struct err err = ERR_INIT;
		struct db *db = NULL;
		int code;

		places[i].number = list->numbers[i];
		code = segment_open(verify->options->dir, list->numbers[i], &db, &err);
		if (code == 0)
			code = segment_describe(db, &description, &err);
		verify_stops(verify, code, &err);
		places[i].first_known = code == 0;
		if (code == 0)
			places[i].first = description.first;
		db_close(&db);
	}
	return places;
}

/* Where places[i] ends. NULL: it is the last, or the next one cannot tell; then its own head counts. */
static const uint64_t *end_of(const struct place *places, size_t count, size_t i)
{
	return i + 1 < count && places[i + 1].first_known ? &places[i + 1].first : NULL;
}

/* The tree noted at a segment's start against the one grown over all rows before it; from here on it is what kept heads agree with. */
static void join_tree(struct verify *verify, const struct tlog_edge *before)
{
	struct tlog_hash root;

	tlog_edge_root(before, &root);
	if (!verify->kept_broken && !verify_root_is(verify_kept(verify), slice_make(root.bytes, sizeof(root.bytes))) && !verify->found_since_good)
		verify_found(
			verify, AUDIT_FAULT_HEAD, verify->good, verify->next == 0 ? 0 : verify->next - 1, "the segment begins with another tree");
	verify->kept = *before;
	verify->split = verify->lines_broken || !verify_root_is(&verify->lines, slice_make(root.bytes, sizeof(root.bytes)));
	verify->kept_broken = false;
	verify->good = verify->next;
	verify->found_since_good = false;
}

static void enter_described(struct verify *verify, const struct segment_description *description)
{
	if (description->first > verify->next)
		verify_lost(verify, AUDIT_FAULT_MISSING, description->first - 1, "no segment holds what comes before this one");
	if (description->first < verify->next)
		verify_found(verify, AUDIT_FAULT_SEGMENT, description->first, description->first, "it begins before the segment in front of it ends");
	else
		join_tree(verify, &description->before);
}

/* One transaction, so that a daemon that goes on writing is not seen to do so. */
static void verify_segment(struct verify *verify, struct db *db, const uint64_t *end)
{
	struct verify_range range = { .db = db, .end = VERIFY_END_UNKNOWN, .superseded = end != NULL };
	struct segment_description description;
	struct err err = ERR_INIT;
	int code = db_exec(db, "BEGIN", &err);

	if (code == 0)
		code = segment_describe(db, &description, &err);
	if (code == 0) {
		enter_described(verify, &description);
		range.tip = &description.tip;
		range.end = description.tip.size;
		if (range.end < verify->next)
			verify_found(
				verify, AUDIT_FAULT_SEGMENT, verify->next, verify->next, "its last tree head counts fewer rows than came before it");
	} else if (!verify_stops(verify, code, &err)) {
		verify_found(verify, AUDIT_FAULT_SEGMENT, verify->next, verify->next, err.text);
		verify->kept_broken = true;
	}
	if (end != NULL)
		range.end = *end;
	if (!verify_stopped(verify))
		verify_rows(verify, &range);
	db_rollback(db);
}

static void verify_place(struct verify *verify, const struct place *place, const uint64_t *end)
{
	struct err err = ERR_INIT;
	struct db *db = NULL;
	int code;

	segment_name(place->number, verify->segment);
	verify->result.segments++;
	code = segment_open(verify->options->dir, place->number, &db, &err);
	if (code == 0)
		verify_segment(verify, db, end);
	else if (verify_stops(verify, code, &err))
		return;
	else if (end != NULL && *end > verify->next)
		verify_lost(verify, AUDIT_FAULT_UNREADABLE, *end - 1, err.text);
	else
		verify_found(verify, AUDIT_FAULT_SEGMENT, verify->next, verify->next, err.text);
	db_close(&db);
}

static void check_length(struct verify *verify)
{
	const struct audit_head *expect = verify->options->expect;
	char detail[128];

	if (expect == NULL || verify->next >= expect->size)
		return;
	if (expect->size - verify->next == 1)
		snprintf(detail, sizeof(detail), "the log ends before it, its last row was cut off");
	else
		snprintf(detail, sizeof(detail), "the log ends before them, its last %llu rows were cut off",
			(unsigned long long)(expect->size - verify->next));
	verify_found_in_log(verify, AUDIT_FAULT_EXPECTED, verify->next, expect->size - 1, detail);
}

/* Rows that fit together and yet are not all. */
static void check_tail(struct verify *verify)
{
	char text[TAIL_TEXT_MAX];

	tail_damage_text(&verify->tail, text);
	if (text[0] != '\0')
		verify_found(verify, AUDIT_FAULT_WAL, verify->next, verify->next, text);
	tail_seen_text(&verify->tail, verify->options->dir, verify->next, text);
	if (text[0] != '\0')
		verify_found_in_log(verify, AUDIT_FAULT_MISSING, verify->next, verify->tail.seen - 1, text);
}

static void conclude(struct verify *verify)
{
	struct tlog_hash root;

	check_length(verify);
	check_tail(verify);
	verify_flush(verify);
	verify->result.head.size = verify->result.rows;
	verify->result.head_known = !verify->lines_broken;
	if (verify->lines_broken)
		return;
	tlog_edge_root(&verify->lines, &root);
	memcpy(verify->result.head.root, root.bytes, sizeof(root.bytes));
}

static void verify_all(struct verify *verify, const struct place *places, size_t count)
{
	verify_check_expected(verify);
	/* The survey may have stopped it already. */
	for (size_t i = 0; i < count && !verify_stopped(verify); i++)
		verify_place(verify, &places[i], end_of(places, count, i));
	if (!verify_stopped(verify)) {
		conclude(verify);
		return;
	}
	/* What was found before stands. */
	verify_flush(verify);
	if (verify->result.faults > 0)
		verify_found(verify, AUDIT_FAULT_UNREADABLE, verify->next, verify->next, verify->stopped.text);
	verify_flush(verify);
}

static int verify_list(const struct audit_verify_options *options, const struct tail *tail, const struct segment_list *list,
	struct audit_verify_result *result_out, struct err *err)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	struct place *places = NULL;
	int code = 0;

	if (verify != NULL) {
		verify->options = options;
		verify->tail = *tail;
		places = survey(verify, list);
	}
	if (places == NULL) {
		code = err_set(err, AUDIT_ERR, "cannot verify the audit log: out of memory");
		goto out;
	}
	verify_all(verify, places, list->count);
	if (verify_stopped(verify) && verify->result.faults == 0) {
		code = err_set(err, AUDIT_ERR, "the audit log in %s cannot be verified now, which says nothing about its rows: %s", options->dir,
			verify->stopped.text);
		goto out;
	}
	*result_out = verify->result;
	if (verify->result.faults > 0)
		code = err_set(err, AUDIT_ERR_ALTERED, "the audit log in %s is not what was written: %llu finding%s", options->dir,
			(unsigned long long)verify->result.faults, verify->result.faults == 1 ? "" : "s");
out:
	free(places);
	free(verify);
	return code;
}

int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *result_out, struct err *err)
{
	struct segment_list list;
	struct tail tail;
	int code;

	tail_look(options->dir, &tail);
	code = segment_list_read(options->dir, &list, err);
	if (code < 0)
		return code;
	if (list.count == 0)
		code = err_set(err, AUDIT_ERR, "there is no audit log in %s", options->dir);
	else
		code = verify_list(options, &tail, &list, result_out, err);
	segment_list_free(&list);
	return code;
}
