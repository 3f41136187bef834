/* A file of keys, read again when it changes. */
#include "auth/jwt_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

struct auth_key_file {
	char *path;
	struct auth_noter noter;
	pthread_mutex_t lock; /* over all below */
	struct auth_key_set *keys;
	struct auth_key_stamp stamp; /* of the file as last looked at, whether or not it could be used */
	int64_t next_check_us;
	atomic_uint_fast64_t generation; /* read without the lock, which is held while the file is read: event loops ask */
};

/* An absent file has a stamp of its own. */
static struct auth_key_stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct auth_key_stamp){ .size = -1 };
	return (struct auth_key_stamp){ .modified = st.st_mtim, .size = st.st_size, .inode = st.st_ino };
}

static bool stamp_equal(const struct auth_key_stamp *a, const struct auth_key_stamp *b)
{
	return a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec && a->size == b->size && a->inode == b->inode;
}

/* The stamp is taken first: a change while reading is seen at the next check. */
int auth_key_file_read(const struct auth_key_file *file, struct auth_key_reading *reading_out, struct err *err)
{
	struct auth_key_reading reading = { .stamp = stamp_of(file->path) };
	struct buf text = BUF_INIT(JWKS_BYTES_MAX);
	int code =
		file_read(file->path, &text, err) < 0 ? AUTH_ERR : auth_key_set_parse(buf_slice(&text), file->path, &file->noter, &reading.keys, err);

	if (code == 0)
		*reading_out = reading;
	buf_free(&text);
	return code;
}

/* Under the lock, or before anybody else knows the file. */
static void put(struct auth_key_file *file, struct auth_key_reading *reading)
{
	auth_key_set_unref(file->keys);
	file->keys = reading->keys;
	file->stamp = reading->stamp;
	reading->keys = NULL;
	atomic_fetch_add(&file->generation, 1);
}

void auth_key_file_put(struct auth_key_file *file, struct auth_key_reading *reading)
{
	pthread_mutex_lock(&file->lock);
	put(file, reading);
	pthread_mutex_unlock(&file->lock);
}

int auth_key_file_open(const char *path, const struct auth_noter *noter, struct auth_key_file **file_out, struct err *err)
{
	struct auth_key_file *file = calloc(1, sizeof(*file));
	struct auth_key_reading reading;
	int code;

	if (file == NULL)
		return err_set(err, AUTH_ERR, "cannot hold the keys of %s: out of memory", path);
	pthread_mutex_init(&file->lock, NULL);
	file->noter = *noter;
	file->path = strdup(path);
	code = file->path == NULL ? err_set(err, AUTH_ERR, "cannot hold the keys of %s: out of memory", path)
				  : auth_key_file_read(file, &reading, err);
	if (code < 0) {
		auth_key_file_close(&file);
		return code;
	}
	put(file, &reading);
	*file_out = file;
	return 0;
}

void auth_key_file_close(struct auth_key_file **file)
{
	struct auth_key_file *f = *file;

	if (f == NULL)
		return;
	auth_key_set_unref(f->keys);
	pthread_mutex_destroy(&f->lock);
	free(f->path);
	free(f);
	*file = NULL;
}

/* Under the lock. */
static void check(struct auth_key_file *file)
{
	struct auth_key_stamp stamp = stamp_of(file->path);
	struct auth_key_reading reading;
	struct err err = ERR_INIT;

	if (stamp_equal(&stamp, &file->stamp))
		return;
	file->stamp = stamp;
	if (auth_key_file_read(file, &reading, &err) == 0)
		put(file, &reading);
	else
		auth_note(&file->noter, "%s; the keys read before stay in force", err.text);
}

struct auth_key_set *auth_key_file_keys(struct auth_key_file *file, int64_t now_us)
{
	struct auth_key_set *keys;

	pthread_mutex_lock(&file->lock);
	if (now_us >= file->next_check_us) {
		file->next_check_us = now_us + JWKS_CHECK_US;
		check(file);
	}
	keys = auth_key_set_ref(file->keys);
	pthread_mutex_unlock(&file->lock);
	return keys;
}

uint64_t auth_key_file_generation(struct auth_key_file *file)
{
	return atomic_load(&file->generation);
}
