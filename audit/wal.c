/* The write-ahead log's frames, read without SQLite. */
#include "audit/wal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES   32
#define FRAME_BYTES    24          /* before each page */
#define MAGIC          0x377f0682u /* with the lowest bit set: checksums are over big-endian words */
#define PAGE_BYTES_MAX 65536
#define COMMITS_MIN    2  /* see the header */
#define LOOKS_MAX      10 /* a daemon that begins the log anew does not do so each time that we look */

struct sum {
	uint32_t a;
	uint32_t b;
};

struct wal {
	FILE *file;
	size_t page_bytes;
	bool big_endian;
	uint8_t header[HEADER_BYTES];
	uint8_t salts[8]; /* of every frame since the log last began anew; those behind the last one are of earlier rounds */
	struct sum sum;   /* as noted in the frame before, or the header */
	bool broken;
	struct wal_damage damage;
	uint8_t frame[FRAME_BYTES + PAGE_BYTES_MAX];
};

static uint32_t big(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t little(const uint8_t *at)
{
	return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void sum_add(const struct wal *wal, const uint8_t *bytes, size_t len, struct sum *sum)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		sum->a += (wal->big_endian ? big(bytes + i) : little(bytes + i)) + sum->b;
		sum->b += (wal->big_endian ? big(bytes + i + 4) : little(bytes + i + 4)) + sum->a;
	}
}

static bool sum_is(const struct sum *sum, const uint8_t *noted)
{
	return sum->a == big(noted) && sum->b == big(noted + 4);
}

static bool read_at(struct wal *wal, long offset, uint8_t *out, size_t len)
{
	return fseek(wal->file, offset, SEEK_SET) == 0 && fread(out, 1, len, wal->file) == len;
}

/* Where it is damaged, the first frame tells the salts, and SQLite takes the byte order of the machine. */
static bool begin(struct wal *wal)
{
	struct sum sum = { 0, 0 };

	if (!read_at(wal, HEADER_BYTES, wal->frame, FRAME_BYTES) || !read_at(wal, 0, wal->header, HEADER_BYTES))
		return false;
	wal->damage = (struct wal_damage){ .frame = 0 };
	wal->big_endian = (wal->header[3] & 1) != 0;
	sum_add(wal, wal->header, HEADER_BYTES - 8, &sum);
	wal->broken = (big(wal->header) & ~1u) != MAGIC || !sum_is(&sum, wal->header + 24);
	wal->sum = (struct sum){ big(wal->header + 24), big(wal->header + 28) };
	memcpy(wal->salts, wal->broken ? wal->frame + 8 : wal->header + 16, sizeof(wal->salts));
	if (wal->broken)
		wal->big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	return true;
}

/* Does it follow the frame before it, be that what was written or not? */
static bool follows(struct wal *wal)
{
	struct sum sum = wal->sum;

	wal->sum = (struct sum){ big(wal->frame + 16), big(wal->frame + 20) };
	if (memcmp(wal->frame + 8, wal->salts, sizeof(wal->salts)) != 0)
		return false;
	sum_add(wal, wal->frame, 8, &sum);
	sum_add(wal, wal->frame + FRAME_BYTES, wal->page_bytes, &sum);
	return sum_is(&sum, wal->frame + 16);
}

/* One pass. False: nothing is damaged, or the log began anew meanwhile. */
static bool look(struct wal *wal)
{
	size_t len = FRAME_BYTES + wal->page_bytes;
	uint8_t header[HEADER_BYTES];

	if (!begin(wal))
		return false;
	for (uint64_t number = 1; fread(wal->frame, 1, len, wal->file) == len; number++) {
		bool fits = follows(wal);

		if (!wal->broken && !fits) {
			wal->broken = true;
			wal->damage.frame = number;
		}
		wal->damage.commits += wal->broken && fits && big(wal->frame + 4) != 0;
	}
	return wal->damage.commits >= COMMITS_MIN && read_at(wal, 0, header, HEADER_BYTES) && memcmp(header, wal->header, HEADER_BYTES) == 0;
}

/*
 * A frame that a daemon was just writing does not fit either, while more come behind it. At a second look, after those, it is whole: only one
 * that is still not is damaged.
 */
static bool look_twice(struct wal *wal, struct wal_damage *damage_out)
{
	for (int i = 0; i < LOOKS_MAX; i++) {
		uint8_t header[HEADER_BYTES];
		struct wal_damage first;

		if (!look(wal))
			return false;
		first = wal->damage;
		memcpy(header, wal->header, sizeof(header));
		if (look(wal) && wal->damage.frame == first.frame && memcmp(header, wal->header, sizeof(header)) == 0) {
			*damage_out = wal->damage;
			return true;
		}
	}
	return false;
}

/* 0 when it cannot be told. The database's header is on its first page whole from the beginning, and never moves. */
static size_t page_bytes_of(const char *segment_path)
{
	int fd = open(segment_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t header[18];
	size_t bytes = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header))
		bytes = (size_t)header[16] << 8 | header[17];
	close(fd);
	return bytes == 1 ? PAGE_BYTES_MAX : bytes;
}

/* Not buffered: what was read before must not be given again. NULL: there is none. */
static FILE *open_beside(const char *segment_path)
{
	FILE *file = NULL;
	char *path;
	int fd;

	if (asprintf(&path, "%s-wal", segment_path) < 0)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(path);
	if (fd >= 0)
		file = fdopen(fd, "r");
	if (file != NULL)
		setvbuf(file, NULL, _IONBF, 0);
	else if (fd >= 0)
		close(fd);
	return file;
}

bool wal_damaged(const char *segment_path, struct wal_damage *damage_out)
{
	struct wal *wal = calloc(1, sizeof(*wal));
	bool damaged = false;

	if (wal == NULL)
		return false;
	wal->page_bytes = page_bytes_of(segment_path);
	wal->file = open_beside(segment_path);
	if (wal->file != NULL && wal->page_bytes >= 512 && wal->page_bytes <= PAGE_BYTES_MAX)
		damaged = look_twice(wal, damage_out);
	if (wal->file != NULL)
		fclose(wal->file);
	free(wal);
	return damaged;
}
