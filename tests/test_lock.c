/* One run has an output; who is dead, silent or superseded is put out of the way. */
#include "store/lock.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[64], output[128], path[160];

/* ---- a file system that lacks something: the linker sends the library's calls here ---- */

static struct {
    bool no_links, no_spare, no_locks; /* no hard links, no rename that spares what is there, no locks */
    bool lost_reply;                   /* link works, and is said to have found the name taken */
} lacks;

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
int __real_fcntl(int fd, int command, void *argument);
int __wrap_fcntl(int fd, int command, void *argument);

int __wrap_link(const char *from, const char *to)
{
    const int status = lacks.no_links ? -1 : __real_link(from, to);

    if (lacks.no_links)
        errno = EPERM;
    else if (lacks.lost_reply)
        errno = EEXIST;
    return lacks.lost_reply ? -1 : status;
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (!lacks.no_spare)
        return __real_renameat2(from_folder, from, to_folder, to, flags);
    errno = EINVAL;
    return -1;
}

/* Called once, between the moments when a lock is opened and when it is guarded. */
static void (*meanwhile)(void);

int __wrap_fcntl(int fd, int command, void *argument)
{
    void (*const call)(void) = meanwhile;
    const struct flock *lock = argument;

    if (call && command == F_OFD_SETLK && lock->l_start == 1) {
        meanwhile = NULL;
        call();
    }
    if (!lacks.no_locks || (command != F_OFD_SETLK && command != F_OFD_GETLK))
        return __real_fcntl(fd, command, argument);
    errno = ENOLCK;
    return -1;
}

/* ---- helpers ---- */

static struct claimant claimant_of(const char *host, const char *job, long restart)
{
    struct claimant claimant = {.pid = getpid(), .restart = restart};

    snprintf(claimant.host, sizeof claimant.host, "%s", host);
    snprintf(claimant.job, sizeof claimant.job, "%s", job);
    return claimant;
}

static bool over; /* what the last take said */

static int take(const struct claimant *claimant, struct lock **lock, struct error *error)
{
    int code;

    *lock = NULL;
    error_clear(error);
    code = lock_take(output, "out.h5", claimant, lock, &over, error);
    CU_ASSERT_EQUAL(code == OK, *lock != NULL);
    return code;
}

/* How many files are in the folder. */
static int file_count(void)
{
    DIR *list = opendir(folder);
    int count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    for (struct dirent *entry; (entry = readdir(list));)
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void make_silent(int silent_s)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - silent_s}, {.tv_sec = time(NULL) - silent_s}};

    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A lock file that somebody left. */
static void leave(const char *content, int silent_s)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fputs(content, file) >= 0);
    fclose(file);
    make_silent(silent_s);
}

/* ---- processes that want the lock ---- */

struct race {
    int go[2], answer[2], wait[2];
    int count;
};

static void read_end(const int ends[2])
{
    char byte;

    close(ends[1]);
    while (read(ends[0], &byte, 1) > 0)
        ;
}

/* Ends with lock_look's code of a lock that it got; answers with lock_take's. */
static void contend(struct race *race, struct claimant claimant)
{
    struct error error = {0};
    struct lock *lock;
    bool taken_over;
    char code;

    claimant.pid = getpid();
    close(race->wait[1]);
    read_end(race->go);
    code = (char)lock_take(output, "out.h5", &claimant, &lock, &taken_over, &error);
    if (write(race->answer[1], &code, 1) != 1)
        _exit(99);
    read_end(race->wait);
    if (code)
        _exit(code);
    code = (char)lock_look(lock, &error);
    lock_refresh(lock);
    lock_release(lock);
    _exit(code);
}

static void race_open(struct race *race)
{
    race->count = 0;
    CU_ASSERT_FATAL(pipe(race->go) == 0 && pipe(race->answer) == 0 && pipe(race->wait) == 0);
}

static pid_t race_enter(struct race *race, const struct claimant *claimant)
{
    const pid_t child = fork();

    if (child == 0)
        contend(race, *claimant);
    CU_ASSERT_FATAL(child > 0);
    race->count++;
    return child;
}

/* Let them go, and count who got it. */
static int race_run(struct race *race)
{
    int winners = 0;
    char code;

    close(race->go[0]);
    close(race->go[1]);
    close(race->answer[1]);
    for (int k = 0; k < race->count; k++) {
        CU_ASSERT_EQUAL_FATAL(read(race->answer[0], &code, 1), 1);
        CU_ASSERT(code == OK || code == REFUSED);
        winners += code == OK;
    }
    return winners;
}

/* Let the winner end; returns how many ended with this status. */
static int race_end(struct race *race, int wanted)
{
    int count = 0;

    close(race->wait[0]);
    close(race->wait[1]);
    close(race->answer[0]);
    for (int status; wait(&status) > 0;)
        count += WIFEXITED(status) && WEXITSTATUS(status) == wanted;
    return count;
}

/* What `call` returns where nothing is allowed to us but what is allowed to everyone. */
static int as_nobody(int (*call)(void))
{
    const pid_t child = fork();
    int status;

    if (child == 0)
        _exit(geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) ? 99 : call());
    CU_ASSERT_FATAL(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- tests ---- */

static void is_taken_once(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *one, *two;
    char expected[256];

    CU_ASSERT_EQUAL_FATAL(take(&claimant, &one, &error), OK);
    CU_ASSERT_FALSE(over);
    CU_ASSERT_EQUAL(file_count(), 1);
    make_silent(25);
    snprintf(expected, sizeof expected, "out.h5: another run is writing it (host here, pid %d, last heard of 2",
             getpid());
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), REFUSED);
    CU_ASSERT_FALSE(over);
    CU_ASSERT_EQUAL(strncmp(error.text, expected, strlen(expected)), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, " s ago): wait for it, or give another OUTPUT"));
    CU_ASSERT_EQUAL(file_count(), 1);
    error_clear(&error);
    CU_ASSERT_EQUAL(lock_look(one, &error), OK);
    lock_release(one);
    CU_ASSERT_EQUAL(file_count(), 0);
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), OK);
    lock_release(two);
    lock_release(NULL);
}

/* Silence does not matter on our host, only whether it lives. */
static void is_kept_while_its_process_lives(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct race race;
    struct lock *lock;
    char expected[64];
    pid_t child;

    race_open(&race);
    child = race_enter(&race, &claimant);
    CU_ASSERT_EQUAL_FATAL(race_run(&race), 1);
    make_silent(3600);
    snprintf(expected, sizeof expected, "writing it (host here, pid %d, ", child);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, expected));
    CU_ASSERT_EQUAL(kill(child, SIGKILL), 0);
    CU_ASSERT_EQUAL(race_end(&race, OK), 0);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), OK);
    CU_ASSERT(over);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void touching_it_shows_that_its_holder_lives(void)
{
    const struct claimant holder = claimant_of("here", "", 0), other = claimant_of("elsewhere", "", 0);
    struct error error = {0};
    struct lock *old, *new;

    CU_ASSERT_EQUAL_FATAL(take(&holder, &old, &error), OK);
    make_silent(61);
    lock_refresh(old);
    CU_ASSERT_EQUAL(take(&other, &new, &error), REFUSED);
    make_silent(61);
    CU_ASSERT_EQUAL(take(&other, &new, &error), OK); /* although the system's lock is held */
    CU_ASSERT(over);
    error_clear(&error);
    CU_ASSERT_EQUAL(lock_look(old, &error), FAILED);
    lock_release(old);
    error_clear(&error);
    CU_ASSERT_EQUAL(lock_look(new, &error), OK);
    lock_release(new);
    CU_ASSERT_EQUAL(file_count(), 0);
}

/* Is what was left in the lock's place taken over? */
static void check_left(const char *content, int silent_s, bool expected)
{
    const struct claimant claimant = claimant_of("here", "17", 1);
    struct error error = {0};
    struct lock *lock;

    leave(content, silent_s);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), expected ? OK : REFUSED);
    CU_ASSERT_EQUAL(over, expected);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), expected ? 0 : 1);
    unlink(path);
}

static void is_taken_from_the_dead(void)
{
    check_left("here 999999 0 -\n", 0, true);
    check_left("elsewhere 5 0 -\n", 30, false);
    check_left("elsewhere 5 0 -\n", 61, true);
    check_left("elsewhere 5 0 -\n", -3600, false); /* touched by a clock that was ahead */
    check_left("elsewhere 5 3 16\n", 0, false);
    check_left("elsewhere 5 0 17\n", 0, true);
    check_left("elsewhere 5 1 17\n", 0, false);
    check_left("elsewhere 5 2 17\n", 0, false);
}

/* Who lives has told who it is; but where the system does not tell who lives, age does. */
static void takes_what_tells_nothing(void)
{
    const char *const contents[] = {"", "\xff\xfe garbage", "here 999999 0", "here 999999 0 1", "here 0 17\n"};
    char much[5000];

    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    for (size_t k = 0; k < sizeof contents / sizeof *contents; k++)
        check_left(contents[k], 0, true);
    check_left(much, 0, true);
    lacks.no_locks = true;
    for (size_t k = 0; k < sizeof contents / sizeof *contents; k++) {
        check_left(contents[k], 30, false);
        check_left(contents[k], 61, true);
    }
    lacks.no_locks = false;
}

static void keeps_what_is_held_and_tells_nothing(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *one, *two;

    CU_ASSERT_EQUAL_FATAL(take(&claimant, &one, &error), OK);
    CU_ASSERT_EQUAL(truncate(path, 0), 0);
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "another run is writing it (last heard of "));
    lock_release(one);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void make_file(const char *suffix)
{
    char file[256];
    FILE *made;

    snprintf(file, sizeof file, "%s%s", path, suffix);
    made = fopen(file, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    fclose(made);
}

/* Only what processes of our host left that are no more. */
static void sweeps_what_the_killed_left(void)
{
    const char *const others[] = {".here.cluster.999999", ".here.", ".here.9x", ".elsewhere.999999", ".here.1"};
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;

    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        make_file(others[k]);
    make_file(".here.999999");
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), OK);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), (int)(sizeof others / sizeof *others));
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        char file[256];

        snprintf(file, sizeof file, "%s%s", path, others[k]);
        CU_ASSERT_EQUAL(unlink(file), 0);
    }
}

/* Its name alone: in the folder that we are in. */
static void works_in_the_current_folder(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;

    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    make_file(".here.999999");
    CU_ASSERT_EQUAL(lock_take("out.h5", "out.h5", &claimant, &lock, &over, &error), OK);
    CU_ASSERT_EQUAL(file_count(), 1);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), 0);
    CU_ASSERT_EQUAL(chdir("/"), 0);
}

static void check_refusal(const char *content, const char *expected)
{
    const struct claimant claimant = claimant_of("here", "17", 1);
    struct error error = {0};
    struct lock *lock;
    char begin[128];

    leave(content, 20);
    snprintf(begin, sizeof begin, "out.h5: another run may be writing it (%slast heard of 2", expected);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_EQUAL(strncmp(error.text, begin, strlen(begin)), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, " s ago): if it is dead, try again in "));
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, " s, or remove /"));
    unlink(path);
}

static void says_when_to_try_again(void)
{
    check_refusal("elsewhere 5 0 16\n", "host elsewhere, pid 5, job 16, ");
    check_refusal("elsewhere 5 0 -\n", "host elsewhere, pid 5, ");
    lacks.no_locks = true;
    check_refusal("garbage", "");
    lacks.no_locks = false;
}

/* The old one lives on; it must notice, and not remove the new one's. */
static void goes_to_the_same_job_started_anew(void)
{
    const struct claimant before = claimant_of("n1", "17", 0), now = claimant_of("n2", "17", 1);
    struct error error = {0};
    struct race race;
    struct lock *lock, *late;

    race_open(&race);
    race_enter(&race, &before);
    CU_ASSERT_EQUAL_FATAL(race_run(&race), 1);
    CU_ASSERT_EQUAL_FATAL(take(&now, &lock, &error), OK);
    CU_ASSERT(over);
    make_silent(30);
    CU_ASSERT_EQUAL(race_end(&race, FAILED), 1); /* it looked, touched and released */
    CU_ASSERT_EQUAL(lock_look(lock, &error), OK);
    CU_ASSERT_EQUAL(take(&before, &late, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "last heard of 3"));
    CU_ASSERT_EQUAL(file_count(), 1);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void is_lost_when_it_is_gone(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;

    CU_ASSERT_EQUAL_FATAL(take(&claimant, &lock, &error), OK);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(lock_look(lock, &error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5: another run has taken over, or "));
    leave("elsewhere 5 0 -\n", 0);
    error_clear(&error);
    CU_ASSERT_EQUAL(lock_look(lock, &error), FAILED);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), 1);
    unlink(path);
}

static struct lock *faster;

static void be_faster(void)
{
    struct claimant claimant = claimant_of("here", "fast", 0);
    struct error error = {0};

    claimant.pid = 1;
    CU_ASSERT_EQUAL(take(&claimant, &faster, &error), OK);
}

static void vanish(void)
{
    CU_ASSERT_EQUAL(unlink(path), 0);
}

static void notices_what_happened_since_it_was_opened(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;

    leave("here 999999 0 -\n", 0);
    meanwhile = be_faster;
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "another run is writing it (host here, pid 1, job fast, "));
    error_clear(&error);
    CU_ASSERT_EQUAL(lock_look(faster, &error), OK);
    lock_release(faster);
    leave("elsewhere 5 0 -\n", 0);
    meanwhile = vanish;
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), OK);
    CU_ASSERT_FALSE(over);
    lock_release(lock);
    CU_ASSERT_EQUAL(file_count(), 0);
}

/* Processes that all find a dead one's lock, or none: one gets it. */
static void has_one_winner(void)
{
    const char *const left[] = {NULL, "here 999999 0 -\n", "elsewhere 5 0 -\n", ""};
    const struct claimant claimant = claimant_of("here", "", 0);

    for (int round = 0; round < 200; round++) {
        struct race race;

        lacks.no_links = lacks.no_spare = round % 8 >= 4;
        if (left[round % 4])
            leave(left[round % 4], 100);
        race_open(&race);
        for (int k = 0; k < 4; k++)
            race_enter(&race, &claimant);
        CU_ASSERT_EQUAL(race_run(&race), 1);
        CU_ASSERT_EQUAL(race_end(&race, OK), 1); /* which still had it in the end */
        CU_ASSERT_EQUAL(file_count(), 0);
    }
    lacks.no_links = lacks.no_spare = false;
}

/* Processes that take it and let it go all the time: never two at once, and nothing is left. */
static void has_one_holder(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    int found = 0;

    for (int k = 0; k < 3; k++)
        if (fork() == 0) {
            struct claimant mine = claimant;
            int lost = 0;

            mine.pid = getpid();
            for (int round = 0; round < 300; round++) {
                struct error error = {0};
                struct lock *lock = NULL;

                if (lock_take(output, "out.h5", &mine, &lock, &over, &error) == OK)
                    lost += over || lock_look(lock, &error) != OK;
                else
                    lost += !strstr(error.text, "another run is writing it (host here, pid ");
                lock_release(lock);
            }
            _exit(lost > 0);
        }
    for (int status; wait(&status) > 0;)
        found += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CU_ASSERT_EQUAL(found, 3);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void check_path(const char *where, const char *why)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock = NULL;

    CU_ASSERT_EQUAL(lock_take(where, "out.h5", &claimant, &lock, &over, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, why));
    CU_ASSERT_PTR_NULL(lock);
    CU_ASSERT_EQUAL(file_count(), 0);
}

#define NAMED 50 /* refused, with the holder's name */

static int take_and_release(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;
    const int code = lock_take(output, "out.h5", &claimant, &lock, &over, &error);

    lock_release(lock);
    if (code == REFUSED && strstr(error.text, "another user's run may be writing it (host elsewhere, pid 5, "))
        return NAMED;
    return code;
}

static void refuses_what_can_not_be_made(void)
{
    char where[5000];

    check_path("/nowhere/out.h5", "No such file or directory");
    memset(where, 'a', sizeof where - 1);
    where[sizeof where - 1] = '\0';
    check_path(where, "the path is too long");
    snprintf(where, sizeof where, "%s/", folder);
    memset(where + strlen(where), 'a', 255);
    where[strlen(folder) + 1 + 255] = '\0';
    check_path(where, "File name too long");
    CU_ASSERT_EQUAL(chmod(folder, 0555), 0);
    CU_ASSERT_EQUAL(as_nobody(take_and_release), REFUSED);
    CU_ASSERT_EQUAL(chmod(folder, 0777), 0);
    CU_ASSERT_EQUAL(as_nobody(take_and_release), OK);
    CU_ASSERT_EQUAL(file_count(), 0);
}

static void names_the_holder_to_other_users(void)
{
    leave("elsewhere 5 0 -\n", 3600);
    CU_ASSERT_EQUAL(chmod(folder, 0777), 0);
    CU_ASSERT_EQUAL(chmod(path, 0444), 0);
    CU_ASSERT_EQUAL(as_nobody(take_and_release), NAMED);
    CU_ASSERT_EQUAL(file_count(), 1);
    unlink(path);
}

static void follows_no_link(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *lock;
    char target[160];

    snprintf(target, sizeof target, "%s/target", folder);
    CU_ASSERT_EQUAL(symlink(target, path), 0);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5.lock: it is a symbolic link (remove it)"));
    CU_ASSERT_EQUAL(file_count(), 1);
    unlink(path);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL(take(&claimant, &lock, &error), REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "out.h5.lock: Is a directory (remove it)"));
    CU_ASSERT_EQUAL(file_count(), 1);
    rmdir(path);
}

/* Taken, held against another, and given back. */
static void check_lacking(void)
{
    const struct claimant claimant = claimant_of("here", "", 0);
    struct error error = {0};
    struct lock *one, *two;

    CU_ASSERT_EQUAL_FATAL(take(&claimant, &one, &error), OK);
    CU_ASSERT_FALSE(over);
    lacks.lost_reply = false;
    CU_ASSERT_EQUAL(file_count(), 1);
    CU_ASSERT_EQUAL(lock_look(one, &error), OK);
    CU_ASSERT_EQUAL(take(&claimant, &two, &error), REFUSED);
    lock_release(one);
    CU_ASSERT_EQUAL(file_count(), 0);
    memset(&lacks, 0, sizeof lacks);
}

static void does_without_what_file_systems_lack(void)
{
    lacks.no_links = true;
    check_lacking();
    lacks.no_links = lacks.no_spare = true;
    check_lacking();
    lacks.lost_reply = true;
    check_lacking();
    lacks.no_locks = true;
    check_lacking();
}

static void does_without_locks(void)
{
    char ours[64];

    snprintf(ours, sizeof ours, "here %d 0 -\n", getpid());
    lacks.no_locks = true;
    check_left("here 999999 0 -\n", 0, true);
    check_left(ours, 30, false);
    check_left(ours, 61, true); /* of another process by now, or hanging */
    check_left("elsewhere 5 0 -\n", 30, false);
    check_left("elsewhere 5 0 -\n", 61, true);
    check_left("elsewhere 5 0 17\n", 0, true);
    check_refusal("elsewhere 5 0 16\n", "host elsewhere, pid 5, job 16, ");
    lacks.no_locks = false;
}

static void tells_who_asks(void)
{
    struct claimant claimant;

    setenv("SLURM_JOB_ID", "1 2/3\n", 1);
    setenv("SLURM_RESTART_COUNT", "4", 1);
    lock_claimant(&claimant);
    CU_ASSERT_STRING_EQUAL(claimant.job, "1_2_3_");
    CU_ASSERT_EQUAL(claimant.restart, 4);
    CU_ASSERT_EQUAL(claimant.pid, getpid());
    CU_ASSERT(strlen(claimant.host) > 0);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
    lock_claimant(&claimant);
    CU_ASSERT_STRING_EQUAL(claimant.job, "");
    CU_ASSERT_EQUAL(claimant.restart, 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"is taken once", is_taken_once},
                           {"is kept while its process lives", is_kept_while_its_process_lives},
                           {"touching it shows that its holder lives", touching_it_shows_that_its_holder_lives},
                           {"is taken from the dead", is_taken_from_the_dead},
                           {"takes what tells nothing", takes_what_tells_nothing},
                           {"keeps what is held and tells nothing", keeps_what_is_held_and_tells_nothing},
                           {"sweeps what the killed left", sweeps_what_the_killed_left},
                           {"works in the current folder", works_in_the_current_folder},
                           {"says when to try again", says_when_to_try_again},
                           {"goes to the same job started anew", goes_to_the_same_job_started_anew},
                           {"is lost when it is gone", is_lost_when_it_is_gone},
                           {"notices what happened since it was opened", notices_what_happened_since_it_was_opened},
                           {"has one winner", has_one_winner},
                           {"has one holder", has_one_holder},
                           {"refuses what can't be made", refuses_what_can_not_be_made},
                           {"names the holder to other users", names_the_holder_to_other_users},
                           {"follows no link", follows_no_link},
                           {"does without what file systems lack", does_without_what_file_systems_lack},
                           {"does without locks", does_without_locks},
                           {"tells who asks", tells_who_asks},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_lock.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(output, sizeof output, "%s/out.h5", folder);
    snprintf(path, sizeof path, "%s.lock", output);
    status = suite_run("lock", tests);
    rmdir(folder);
    return status;
}
