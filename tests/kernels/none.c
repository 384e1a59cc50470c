/* Compiles, but holds no kernel: a function of such a name is none, and a hidden object neither. */
int h5map_kernel_function(void);
extern const int h5map_kernel_hidden;

int h5map_kernel_function(void)
{
    return 0;
}

__attribute__((visibility("hidden"))) const int h5map_kernel_hidden = 1;
