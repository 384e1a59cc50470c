/* naps PROCESSES NAPS SECONDS OUT: what the machine itself needs for naps: so many processes take so many each, and say
 * nothing to each other. OUT gets /y, the seconds of each nap, and the attribute loop_s. */
#include "files.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static int nap(int naps, double s)
{
    const struct timespec rest = {(time_t)s, (long)(1e9 * (s - (double)(time_t)s))};

    prctl(PR_SET_TIMERSLACK, 1000UL);
    for (int k = 0; k < naps; k++)
        if (nanosleep(&rest, NULL))
            return 1;
    return 0;
}

static int tell(const char *path, hsize_t count, double s, double loop_s)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t scalar = H5Screate(H5S_SCALAR), items = H5Screate_simple(1, &count, NULL);
    hid_t said = H5Acreate2(file, "loop_s", H5T_NATIVE_DOUBLE, scalar, H5P_DEFAULT, H5P_DEFAULT);
    hid_t y = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, items, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    double *naps = calloc(count, sizeof *naps);

    if (!naps)
        return 1;
    for (hsize_t k = 0; k < count; k++)
        naps[k] = s;
    return H5Awrite(said, H5T_NATIVE_DOUBLE, &loop_s) < 0 || H5Aclose(said) < 0 ||
           H5Dwrite(y, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, naps) < 0 || H5Dclose(y) < 0 ||
           H5Sclose(scalar) < 0 || H5Sclose(items) < 0 || H5Fclose(file) < 0;
}

int main(int argc, char *argv[])
{
    const double start_s = now_s();
    int failed = 0, status;

    if (argc != 5)
        return 2;
    for (int k = atoi(argv[1]); k > 0; k--)
        if (fork() == 0)
            _exit(nap(atoi(argv[2]), atof(argv[3])));
    while (wait(&status) > 0)
        failed |= status;
    return failed || tell(argv[4], (hsize_t)atoi(argv[1]) * (hsize_t)atoi(argv[2]), atof(argv[3]), now_s() - start_s);
}
