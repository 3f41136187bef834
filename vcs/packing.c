/*
 * The files of a zip on their way into it: the caller reads one after the other, a helper packs what was read, and the caller writes them in
 * their order. Who would have to wait packs as well, so two cores are busy whichever of reading and packing takes longer.
 */
#include <stdlib.h>

#include "base/thread.h"
#include "vcs/files_private.h"

#define FILES_MAX 64

struct packed_file {
	struct slice path;
	struct content content;
	struct module_zip_packed packed;
	struct err err;
	int code;
	bool done;
};

struct packing {
	struct module_zip *zip;
	struct module_zip_packer *packers[2]; /* the caller's and the helper's */
	pthread_t helper;
	bool helped;
	int64_t bytes;        /* of contents not yet written */
	pthread_mutex_t lock; /* over what follows; of a file, who took it owns all until it is done */
	pthread_cond_t changed;
	bool ending;
	size_t written, taken, added; /* files so far, each a place in the ring below; taken: for packing */
	struct packed_file files[FILES_MAX];
};

/* Under the lock, which is left meanwhile. There is a file that nobody took. */
static void pack_one(struct packing *packing, struct module_zip_packer *packer)
{
	struct packed_file *file = &packing->files[packing->taken++ % FILES_MAX];

	pthread_mutex_unlock(&packing->lock);
	file->code = module_zip_pack(packer, file->content.bytes, &file->packed, &file->err);
	pthread_mutex_lock(&packing->lock);
	file->done = true;
	pthread_cond_broadcast(&packing->changed);
}

static void *help(void *arg)
{
	struct packing *packing = arg;

	pthread_mutex_lock(&packing->lock);
	while (!packing->ending)
		if (packing->taken < packing->added)
			pack_one(packing, packing->packers[1]);
		else
			pthread_cond_wait(&packing->changed, &packing->lock);
	pthread_mutex_unlock(&packing->lock);
	return NULL;
}

int vcs_packing_open(struct module_zip *zip, struct packing **packing_out, struct err *err)
{
	struct packing *packing = calloc(1, sizeof(*packing));

	if (!packing)
		return vcs_no_memory(err, "make a zip");
	packing->zip = zip;
	pthread_mutex_init(&packing->lock, NULL);
	pthread_cond_init(&packing->changed, NULL);
	if (module_zip_packer_open(&packing->packers[0], err) < 0 || module_zip_packer_open(&packing->packers[1], err) < 0) {
		vcs_packing_close(&packing);
		return VCS_ERR_UNKNOWN;
	}
	/* Without a helper all is done by the caller. */
	packing->helped = thread_start("git-pack", help, packing, &packing->helper, NULL) == 0;
	*packing_out = packing;
	return 0;
}

static void file_free(struct packed_file *file)
{
	module_zip_packed_free(&file->packed);
	vcs_content_free(&file->content);
}

void vcs_packing_close(struct packing **packing)
{
	struct packing *gone = *packing;

	*packing = NULL;
	if (!gone)
		return;
	pthread_mutex_lock(&gone->lock);
	gone->ending = true;
	pthread_cond_broadcast(&gone->changed);
	pthread_mutex_unlock(&gone->lock);
	if (gone->helped)
		pthread_join(gone->helper, NULL);
	while (gone->written < gone->added)
		file_free(&gone->files[gone->written++ % FILES_MAX]);
	for (size_t i = 0; i < 2; i++)
		module_zip_packer_close(&gone->packers[i]);
	pthread_cond_destroy(&gone->changed);
	pthread_mutex_destroy(&gone->lock);
	free(gone);
}

/* Writes the oldest file, packing what is next until that one is ready. */
static int write_oldest(struct packing *packing, struct err *err)
{
	struct packed_file *file = &packing->files[packing->written % FILES_MAX];
	int code;

	pthread_mutex_lock(&packing->lock);
	while (!file->done)
		if (packing->taken < packing->added)
			pack_one(packing, packing->packers[0]);
		else
			pthread_cond_wait(&packing->changed, &packing->lock);
	pthread_mutex_unlock(&packing->lock);
	code = file->code;
	if (code < 0)
		err_set(err, code, "%s", file->err.text);
	else
		code = module_zip_add_packed(packing->zip, file->path, &file->packed, err);
	packing->bytes -= (int64_t)file->content.bytes.len;
	packing->written++;
	file_free(file);
	return code;
}

int vcs_packing_make_room(struct packing *packing, int64_t bytes, struct err *err)
{
	int code = 0;

	while (code == 0 && packing->written < packing->added &&
		(packing->added - packing->written == FILES_MAX || bytes > PACKING_BYTES_MAX - packing->bytes))
		code = write_oldest(packing, err);
	return code;
}

void vcs_packing_add(struct packing *packing, struct slice path, struct content *content)
{
	struct packed_file *file = &packing->files[packing->added % FILES_MAX];

	ASSERT(packing->added - packing->written < FILES_MAX);
	*file = (struct packed_file){ .path = path, .content = *content, .packed = MODULE_ZIP_PACKED_NONE, .err = ERR_INIT };
	*content = CONTENT_INIT;
	packing->bytes += (int64_t)file->content.bytes.len;
	pthread_mutex_lock(&packing->lock);
	packing->added++;
	pthread_cond_broadcast(&packing->changed);
	pthread_mutex_unlock(&packing->lock);
}

int vcs_packing_finish(struct packing *packing, struct err *err)
{
	int code = 0;

	while (code == 0 && packing->written < packing->added)
		code = write_oldest(packing, err);
	return code;
}
