/* A file of keys, read again when it changes. */
#include "auth/jwt_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

struct stamp {
	struct timespec modified;
	off_t size;
	ino_t inode;
};

struct auth_key_file {
	char *path;
	struct auth_noter noter;
	pthread_mutex_t lock; /* over all below */
	struct auth_key_set *keys;
	struct stamp stamp; /* of the file as last looked at, whether or not it could be used */
	int64_t next_check_us;
	atomic_uint_fast64_t generation; /* read without the lock, which is held while the file is read: event loops ask */
};

/* An absent file has a stamp of its own. */
static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct stamp){ .size = -1 };
	return (struct stamp){ .modified = st.st_mtim, .size = st.st_size, .inode = st.st_ino };
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec && a->size == b->size && a->inode == b->inode;
}

/* Under the lock, or before anybody else knows the file. The stamp is taken first: a change while reading is seen at the next check. */
static int read_again(struct auth_key_file *file, struct err *err)
{
	struct buf text = BUF_INIT(JWKS_BYTES_MAX);
	struct auth_key_set *keys = NULL;
	int code;

	file->stamp = stamp_of(file->path);
	code = file_read(file->path, &text, err) < 0 ? AUTH_ERR : auth_key_set_parse(buf_slice(&text), file->path, &file->noter, &keys, err);
	if (code == 0) {
		auth_key_set_unref(file->keys);
		file->keys = keys;
		atomic_fetch_add(&file->generation, 1);
	}
	buf_free(&text);
	return code;
}

int auth_key_file_open(const char *path, const struct auth_noter *noter, struct auth_key_file **file_out, struct err *err)
{
	struct auth_key_file *file = calloc(1, sizeof(*file));
	int code;

	if (file == NULL)
		return err_set(err, AUTH_ERR, "cannot hold the keys of %s: out of memory", path);
	pthread_mutex_init(&file->lock, NULL);
	file->noter = *noter;
	file->path = strdup(path);
	code = file->path == NULL ? err_set(err, AUTH_ERR, "cannot hold the keys of %s: out of memory", path) : read_again(file, err);
	if (code < 0)
		auth_key_file_close(&file);
	else
		*file_out = file;
	return code;
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

struct auth_key_set *auth_key_file_keys(struct auth_key_file *file, int64_t now_us)
{
	struct auth_key_set *keys;
	struct err err = ERR_INIT;

	pthread_mutex_lock(&file->lock);
	if (now_us >= file->next_check_us) {
		struct stamp stamp = stamp_of(file->path);

		file->next_check_us = now_us + JWKS_CHECK_US;
		if (!stamp_equal(&stamp, &file->stamp) && read_again(file, &err) < 0)
			auth_note(&file->noter, "%s; the keys read before stay in force", err.text);
	}
	keys = auth_key_set_ref(file->keys);
	pthread_mutex_unlock(&file->lock);
	return keys;
}

int auth_key_file_reload(struct auth_key_file *file, struct err *err)
{
	int code;

	pthread_mutex_lock(&file->lock);
	code = read_again(file, err);
	pthread_mutex_unlock(&file->lock);
	return code;
}

uint64_t auth_key_file_generation(struct auth_key_file *file)
{
	return atomic_load(&file->generation);
}
