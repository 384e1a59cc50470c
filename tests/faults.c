/* The program that fails where it is told to: h5map_faulty is h5map with one call replaced by a failing one.
 *
 * HDF5 may be linked statically, and it crashes when its own memory runs out. So the calls of our own objects alone are
 * sent here, by renaming them in a copy of the library (objcopy: calloc becomes faulty_calloc); those that HDF5 makes
 * to the system are reached through the linker's --wrap, and are told apart as "hdf5:pwrite" and the like.
 *
 * H5MAP_FAULT=CALL:N       the Nth call fails; CALL:N+ that one and all later ones (a full disk stays full)
 * H5MAP_FAULT_RANK=RANK    only on this rank, or, empty, only in a program that no launcher started; otherwise in all
 * H5MAP_FAULT_REACHED=FILE is made when a call fails */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <libelf.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_ulong calls; /* of the kind that is to fail */

static bool on_this_rank(void)
{
    const char *wanted = getenv("H5MAP_FAULT_RANK"), *rank = getenv("OMPI_COMM_WORLD_RANK");

    return !wanted || !strcmp(wanted, rank ? rank : "");
}

static void tell(void)
{
    const char *path = getenv("H5MAP_FAULT_REACHED");
    const int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;

    if (fd >= 0)
        close(fd);
}

/* Is this call the one? */
static bool fails(const char *call)
{
    const char *fault = getenv("H5MAP_FAULT");
    const size_t length = strlen(call);
    unsigned long number, wanted;
    char *end;

    if (!fault || strncmp(fault, call, length) || fault[length] != ':' || !on_this_rank())
        return false;
    wanted = strtoul(fault + length + 1, &end, 10);
    number = atomic_fetch_add(&calls, 1) + 1;
    if (number != wanted && !(*end == '+' && number > wanted))
        return false;
    tell();
    return true;
}

/* What HDF5 leaves behind where it fails: a frame on its stack. */
static bool hdf5_fails(const char *call)
{
    if (!fails(call))
        return false;
    H5Epush2(H5E_DEFAULT, __FILE__, call, __LINE__, H5E_ERR_CLS, H5E_IO, H5E_CANTINIT, "%s was made to fail", call);
    return true;
}

/* A function that fails, or does what the call does. */
#define EITHER(TYPE, NAME, KIND, PARAMETERS, CALL, FAILURE, PROBLEM) \
    TYPE NAME PARAMETERS;                                            \
    TYPE NAME PARAMETERS                                             \
    {                                                                \
        if (fails(KIND)) {                                           \
            errno = PROBLEM;                                         \
            return FAILURE;                                          \
        }                                                            \
        return CALL;                                                 \
    }
/* A call of ours: what it returns where it fails, and errno. */
#define FAULTY(TYPE, CALL, PARAMETERS, ARGUMENTS, FAILURE, PROBLEM) \
    EITHER(TYPE, faulty_##CALL, #CALL, PARAMETERS, CALL ARGUMENTS, FAILURE, PROBLEM)
/* A system call that HDF5 makes as well as we. */
#define FAULTY_BOTH(TYPE, CALL, PARAMETERS, ARGUMENTS, PROBLEM)                          \
    TYPE __real_##CALL PARAMETERS;                                                       \
    EITHER(TYPE, faulty_##CALL, #CALL, PARAMETERS, __real_##CALL ARGUMENTS, -1, PROBLEM) \
    EITHER(TYPE, __wrap_##CALL, "hdf5:" #CALL, PARAMETERS, __real_##CALL ARGUMENTS, -1, PROBLEM)
/* A call of ours of HDF5, all of which fail with -1. */
#define FAULTY_HDF5(TYPE, CALL, PARAMETERS, ARGUMENTS)        \
    TYPE faulty_##CALL PARAMETERS;                            \
    TYPE faulty_##CALL PARAMETERS                             \
    {                                                         \
        return hdf5_fails(#CALL) ? (TYPE)-1 : CALL ARGUMENTS; \
    }

/* clang-format off */
FAULTY_BOTH(ssize_t, pread, (int fd, void *to, size_t bytes, off_t at), (fd, to, bytes, at), EIO)
FAULTY_BOTH(ssize_t, pwrite, (int fd, const void *from, size_t bytes, off_t at), (fd, from, bytes, at), ENOSPC)
FAULTY_BOTH(int, ftruncate, (int fd, off_t bytes), (fd, bytes), EIO)

FAULTY(void *, malloc, (size_t bytes), (bytes), NULL, ENOMEM)
FAULTY(void *, calloc, (size_t count, size_t bytes), (count, bytes), NULL, ENOMEM)
FAULTY(void *, realloc, (void *old, size_t bytes), (old, bytes), NULL, ENOMEM)
FAULTY(void *, aligned_alloc, (size_t align, size_t bytes), (align, bytes), NULL, ENOMEM)
FAULTY(char *, strdup, (const char *text), (text), NULL, ENOMEM)
FAULTY(FILE *, open_memstream, (char **text, size_t *bytes), (text, bytes), NULL, ENOMEM)
FAULTY(Elf *, elf_memory, (char *image, size_t bytes), (image, bytes), NULL, ENOMEM)
FAULTY(char *, realpath, (const char *path, char *to), (path, to), NULL, ENOMEM)

FAULTY(int, close, (int fd), (fd), (close(fd), -1), EIO)
FAULTY(int, fallocate, (int fd, int mode, off_t at, off_t count), (fd, mode, at, count), -1, ENOSPC)
FAULTY(int, fclose, (FILE *file), (file), (fclose(file), EOF), EIO)
FAULTY(int, fdatasync, (int fd), (fd), -1, EIO)
FAULTY(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
FAULTY(int, fstat, (int fd, struct stat *status), (fd, status), -1, EIO)
FAULTY(int, fsync, (int fd), (fd), -1, EIO)
FAULTY(int, link, (const char *old, const char *new), (old, new), -1, EIO)
FAULTY(int, lstat, (const char *path, struct stat *status), (path, status), -1, EIO)
FAULTY(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
FAULTY(char *, mkdtemp, (char *path), (path), NULL, ENOSPC)
FAULTY(void *, mmap, (void *at, size_t bytes, int protection, int flags, int fd, off_t from),
       (at, bytes, protection, flags, fd, from), MAP_FAILED, ENOMEM)
FAULTY(int, mprotect, (void *at, size_t bytes, int protection), (at, bytes, protection), -1, ENOMEM)
FAULTY(int, shm_open, (const char *name, int flags, mode_t mode), (name, flags, mode), -1, EMFILE)
FAULTY(int, posix_fallocate, (int fd, off_t at, off_t count), (fd, at, count), ENOSPC, ENOSPC)
FAULTY(ssize_t, getrandom, (void *to, size_t bytes, unsigned flags), (to, bytes, flags), -1, EAGAIN)
FAULTY(int, mkostemp, (char *path, int flags), (path, flags), -1, ENOSPC)
FAULTY(ssize_t, read, (int fd, void *to, size_t bytes), (fd, to, bytes), -1, EIO)
FAULTY(int, rename, (const char *old, const char *new), (old, new), -1, EIO)
FAULTY(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags), (from, old, to, new, flags), -1, EIO)
FAULTY(int, stat, (const char *path, struct stat *status), (path, status), -1, EIO)
FAULTY(ssize_t, write, (int fd, const void *from, size_t bytes), (fd, from, bytes), -1, ENOSPC)

FAULTY(void *, dlopen, (const char *path, int flags), (path, flags), NULL, ENOMEM)
FAULTY(pid_t, fork, (void), (), -1, EAGAIN)
FAULTY(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, EMFILE)
FAULTY(int, pipe2, (int fd[2], int flags), (fd, flags), -1, EMFILE)
FAULTY(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
       (thread, attributes, run, argument), EAGAIN, EAGAIN)
FAULTY(int, posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const argv[], char *const env[]),
       (pid, file, actions, attributes, argv, env), EAGAIN, EAGAIN)

FAULTY_HDF5(hid_t, H5Aopen, (hid_t id, const char *name, hid_t access), (id, name, access))
FAULTY_HDF5(herr_t, H5Aread, (hid_t id, hid_t type, void *to), (id, type, to))
FAULTY_HDF5(herr_t, H5Awrite, (hid_t id, hid_t type, const void *from), (id, type, from))
FAULTY_HDF5(hid_t, H5Dcreate2, (hid_t id, const char *name, hid_t type, hid_t space, hid_t links, hid_t plist, hid_t access),
            (id, name, type, space, links, plist, access))
FAULTY_HDF5(hid_t, H5Dget_create_plist, (hid_t id), (id))
FAULTY_HDF5(hid_t, H5Dget_space, (hid_t id), (id))
FAULTY_HDF5(hid_t, H5Dget_type, (hid_t id), (id))
FAULTY_HDF5(hid_t, H5Dopen2, (hid_t id, const char *name, hid_t access), (id, name, access))
FAULTY_HDF5(herr_t, H5Dread, (hid_t id, hid_t type, hid_t memory, hid_t space, hid_t plist, void *to),
            (id, type, memory, space, plist, to))
FAULTY_HDF5(herr_t, H5Dwrite, (hid_t id, hid_t type, hid_t memory, hid_t space, hid_t plist, const void *from),
            (id, type, memory, space, plist, from))
FAULTY_HDF5(herr_t, H5Dwrite_chunk, (hid_t id, hid_t plist, uint32_t filters, const hsize_t *at, size_t bytes, const void *from),
            (id, plist, filters, at, bytes, from))
FAULTY_HDF5(herr_t, H5Fclose, (hid_t id), (id))
FAULTY_HDF5(hid_t, H5Fcreate, (const char *path, unsigned flags, hid_t plist, hid_t access), (path, flags, plist, access))
FAULTY_HDF5(hid_t, H5Fopen, (const char *path, unsigned flags, hid_t access), (path, flags, access))
FAULTY_HDF5(hid_t, H5Gcreate2, (hid_t id, const char *name, hid_t links, hid_t plist, hid_t access), (id, name, links, plist, access))
FAULTY_HDF5(int, H5Idec_ref, (hid_t id), (id))
FAULTY_HDF5(htri_t, H5Lexists, (hid_t id, const char *name, hid_t access), (id, name, access))
FAULTY_HDF5(hid_t, H5Oopen, (hid_t id, const char *name, hid_t access), (id, name, access))
FAULTY_HDF5(hid_t, H5Pcreate, (hid_t kind), (kind))
FAULTY_HDF5(hid_t, H5Screate_simple, (int rank, const hsize_t *shape, const hsize_t *most), (rank, shape, most))
FAULTY_HDF5(herr_t, H5Sselect_hyperslab, (hid_t id, H5S_seloper_t how, const hsize_t *first, const hsize_t *step,
                                          const hsize_t *count, const hsize_t *block), (id, how, first, step, count, block))
FAULTY_HDF5(hid_t, H5Tcopy, (hid_t id), (id))
/* clang-format on */

/* Its mode is there only where a file may be made. */
int faulty_open(const char *path, int flags, ...);
int faulty_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;

    va_start(arguments, flags);
    if (flags & O_CREAT)
        mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (fails("open")) {
        errno = EMFILE;
        return -1;
    }
    return open(path, flags, mode);
}
