/* haversine: distances on the Earth, from packed coordinates; a model for kernels with parameters and an init.
 * Compiles on its own: cc -shared -fPIC -Iinclude src/kernel/haversine.c -lm */
#include <h5map/kernel.h>

#include <math.h>

#define EARTH_RADIUS_KM 6371.0088 /* the mean radius of IUGG */
#define RADIANS_PER_DEGREE 0.017453292519943295

/* Where each name of the signature stands in item->in. */
enum { LON, LAT, LON0, LAT0, LON_SCALE, LON_MIN, LAT_SCALE, LAT_MIN, MISSING };

static double input(const void *const *in, int name)
{
    return *(const double *)in[name];
}

static double sin_squared(double angle)
{
    const double sine = sin(angle);

    return sine * sine;
}

static int haversine(const h5map_item_t *item)
{
    const void *const *in = item->in;
    double *distance = (double *)item->out[0];
    const double lon = input(in, LON) / input(in, LON_SCALE) + input(in, LON_MIN);
    const double lat = (input(in, LAT) / input(in, LAT_SCALE) + input(in, LAT_MIN)) * RADIANS_PER_DEGREE;
    const double lat0 = input(in, LAT0) * RADIANS_PER_DEGREE;
    const double half = sin_squared((lat - lat0) / 2) +
                        cos(lat) * cos(lat0) * sin_squared((lon - input(in, LON0)) * RADIANS_PER_DEGREE / 2);

    if (input(in, LON) == input(in, MISSING))
        *distance = NAN;
    else /* rounding may take it past 1; written so that NaN stays NaN */
        *distance = 2 * EARTH_RADIUS_KM * asin(sqrt(half > 1 ? 1 : half));
    return 0;
}

static int check(const h5map_job_t *job, void **state)
{
    const double lat0 = input(job->in, LAT0);

    (void)state;
    if (!(fabs(lat0) <= 90))
        return h5map_refuse(job, "lat0 must be from -90 to 90 degrees, not %g", lat0);
    if (!isfinite(input(job->in, LON0)))
        return h5map_refuse(job, "lon0 must be a number of degrees, not %g", input(job->in, LON0));
    if (input(job->in, LON_SCALE) == 0 || input(job->in, LAT_SCALE) == 0)
        return h5map_refuse(job, "lon_scale and lat_scale must not be 0");
    return 0;
}

H5MAP_KERNEL(haversine,
             .signature = "lon: double, lat: double, param lon0: double, param lat0: double, "
                          "param lon_scale: double = 1, param lon_min: double = 0, "
                          "param lat_scale: double = 1, param lat_min: double = 0, "
                          "param missing: double = -1 -> distance: double",
             .summary = "Great-circle distance in km from (lon0, lat0); degrees = value / scale + min, a longitude "
                        "stored as missing gives NaN",
             .init = check);
