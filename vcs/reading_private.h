/* The one reading of a repository that may be under way, between the files that begin one and those that wait for it. */
#ifndef VCS_READING_PRIVATE_H
#define VCS_READING_PRIVATE_H

#include "vcs/vcs_private.h"

/* repository.c: a handle that nobody had before. Caller frees. SYNC_MISSING, SYNC_BROKEN, SYNC_DAMAGED. */
enum sync vcs_handle_open(const struct repository *repository, git_repository **git_out, struct err *err);
/* For the next who needs one; *git is NULL then, unless there are enough. Under the lock. */
void vcs_handle_keep(struct repository *repository, git_repository **git);

/* --- reading.c: all of it under the repository's lock --------------------------------------------------------------------------- */

/* How what is on this disk is brought up to date. The only one that is called without the lock. */
typedef enum sync vcs_reading_renewal(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, struct err *err);

/* Who finds nobody busy may begin, and ends it: who waits is woken. */
void vcs_reading_begin(const struct vcs *vcs, struct repository *repository);
void vcs_reading_end(struct repository *repository);
/* Begins, brings up to date (NULL: nothing to do, it is read in place), reads the references and ends. The lock is left meanwhile. */
enum sync vcs_reading_run(struct vcs *vcs, const struct mapping *mapping, struct repository *repository, vcs_reading_renewal *renew, struct err *err);
/*
 * What the last reading came to, for who waited for it or asks soon after. SYNC_DONE: no failure. One that nobody waited for any more is untold:
 * the next who asks is told.
 */
void vcs_reading_remember(struct vcs *vcs, struct repository *repository, enum sync sync, const struct err *why);
/*
 * A remote that just failed is not asked again by everybody who waited for it, unless it was asked before the question's changed_us. True: the
 * caller tells the failure that is remembered.
 */
bool vcs_reading_failed_lately(const struct question *question, struct repository *repository);
/* Tells the operator of a failure that nobody was told. Without the lock. */
void vcs_reading_warn(const struct vcs *vcs, const struct repository *repository, const struct err *why);
/*
 * Waits until the reading that is under way has ended. False: the question is not held longer, since it has waited hold_us or the reading has
 * taken that long; then nobody waits for it, however many ask.
 */
bool vcs_reading_wait(struct question *question, struct repository *repository);
/* The sentence for that: SYNC_PENDING. */
enum sync vcs_reading_pending(const struct repository *repository, struct err *err);
/* Begins, and has work run and end the reading on a thread of its own. What it came to, or SYNC_PENDING. Nobody may be busy. The lock is left while there is no room. */
enum sync vcs_reading_behind(struct question *question, struct repository *repository, vcs_fetch_work *work, bool probe, struct err *err);

#endif
