/*
 * SQLite, as thin as can be: a connection, statements, one error shape. A connection and its statements belong to one thread at a time: db_lock() says which.
 * sqlite3.h stays in db.c.
 */
#ifndef BASE_DB_H
#define BASE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct db;
struct db_stmt;

struct db_options {
	const char *path;
	bool read_only;      /* the file must exist; a copy without -wal in a directory that may not be written is taken as unchanging */
	bool durable;        /* synchronous=FULL: a commit is on disk when it returns; else NORMAL. WAL either way */
	int busy_timeout_ms; /* 0: 5000 */
	int64_t cache_kib;   /* 0: 2048 */
};

/*
 * From here on, beside the codes of base: the machine kept SQLite from it (disk, file permissions, memory), which says nothing about what is in
 * the file; BASE_ERR then is about the content or the statement. Apart from every room's codes, for callers that pass on what they got.
 */
enum db_code { DB_ERR_IO = -20 };

/* BASE_ERR_ABSENT (read_only and no file), BASE_ERR_BUSY, DB_ERR_IO, BASE_ERR. A file made has mode 0600 whatever the umask. */
int db_open(const struct db_options *options, struct db **db_out, struct err *err);
/* Statements must be finalized before. NULL-safe. */
void db_close(struct db **db);

/* A connection that several rooms share: hold this (recursive) lock from the first bind to the last column. */
void db_lock(struct db *db);
void db_unlock(struct db *db);

/* One or more statements without parameters; rows are thrown away. BASE_ERR_BUSY (beyond busy_timeout_ms), DB_ERR_IO or BASE_ERR, here and below. */
int db_exec(struct db *db, const char *sql, struct err *err);
/* Transactions: db_begin takes the write lock (BEGIN IMMEDIATE). db_rollback never fails visibly and may come when none is open. */
int db_begin(struct db *db, struct err *err);
int db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);

/* sql is one statement; it lives as long as the connection unless finalized. */
int db_prepare(struct db *db, const char *sql, struct db_stmt **stmt_out, struct err *err);
void db_finalize(struct db_stmt **stmt);

/*
 * Parameters count from 1. Bytes are borrowed until the next db_reset. A slice whose ptr is NULL binds NULL
 * (buf_slice of an empty buffer is one). Failures stick and are told by db_step.
 */
void db_bind_text(struct db_stmt *stmt, int index, struct slice text);
void db_bind_blob(struct db_stmt *stmt, int index, struct slice bytes);
void db_bind_int(struct db_stmt *stmt, int index, int64_t number);

enum db_step { DB_DONE = 0, DB_ROW = 1 };
/* DB_ROW, DB_DONE or a negative base code. */
int db_step(struct db_stmt *stmt, struct err *err);
/* Ready for new parameters (all are NULL again) and a new run. */
void db_reset(struct db_stmt *stmt);
/* bind, step once expecting no row, reset. 0 or negative. */
int db_run(struct db_stmt *stmt, struct err *err);

/* Columns count from 0; slices are borrowed until the next step or reset. NULL gives an empty slice or 0. */
struct slice db_column_text(struct db_stmt *stmt, int column);
struct slice db_column_blob(struct db_stmt *stmt, int column);
int64_t db_column_int(struct db_stmt *stmt, int column);

/* Rows changed by the last statement. */
int64_t db_changes(struct db *db);

#endif
