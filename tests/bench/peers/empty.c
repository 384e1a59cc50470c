/* An MPI program that does nothing. */
#include <mpi.h>

int main(int argc, char *argv[])
{
    return MPI_Init(&argc, &argv) || MPI_Finalize();
}
