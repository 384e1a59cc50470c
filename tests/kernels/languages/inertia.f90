! Fortran, called through iso_c_binding by inertia.c. Compile it: gfortran -O3 -fPIC -c inertia.f90
!
! An item's double[n, 3] is (3, n) here: Fortran counts its first index fastest, C its last.
module inertia_module
    use, intrinsic :: iso_c_binding, only: c_double, c_size_t, c_int
    implicit none
contains
    ! The moment of inertia of n points of mass m at x; 1 where their mass is not positive.
    function inertia_of(n, m, x, tensor) result(status) bind(c)
        integer(c_size_t), value :: n
        real(c_double), intent(in) :: m(n), x(3, n)
        real(c_double), intent(out) :: tensor(3, 3)
        integer(c_int) :: status
        real(c_double) :: centre(3), r(3)
        integer(c_size_t) :: k
        integer :: i

        tensor = 0
        status = merge(0, 1, sum(m) > 0)
        if (status /= 0) return
        centre = matmul(x, m) / sum(m)
        do k = 1, n
            r = x(:, k) - centre
            tensor = tensor - m(k) * spread(r, 2, 3) * spread(r, 1, 3)
            do i = 1, 3
                tensor(i, i) = tensor(i, i) + m(k) * dot_product(r, r)
            end do
        end do
    end function inertia_of
end module inertia_module
