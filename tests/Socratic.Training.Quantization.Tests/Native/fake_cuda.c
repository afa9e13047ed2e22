/* A driver that writes down what it is asked: C# calls it as it would call libcuda. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char record[4096];
static int failing = 0;
static const char* failing_at = "";

static int note(const char* name, const char* rest)
{
    size_t used = strlen(record);
    snprintf(record + used, sizeof record - used, "%s(%s)\n", name, rest);
    return strcmp(name, failing_at) == 0 ? failing : 0;
}

const char* fake_record(void) { return record; }
void fake_fail(const char* at, int code) { failing_at = strdup(at); failing = code; record[0] = 0; }

int cuInit(unsigned flags) { char t[99]; snprintf(t, 99, "%u", flags); return note("cuInit", t); }
int cuDeviceGet(int* device, int ordinal) { char t[99]; snprintf(t, 99, "%d", ordinal); *device = ordinal + 7; return note("cuDeviceGet", t); }
int cuDeviceGetAttribute(int* value, int attribute, int device)
{
    char t[99];
    snprintf(t, 99, "%d, %d", attribute, device);
    *value = attribute == 75 ? 8 : attribute == 76 ? 9 : -1;
    return note("cuDeviceGetAttribute", t);
}
int cuDevicePrimaryCtxRetain(void** context, int device) { char t[99]; snprintf(t, 99, "%d", device); *context = (void*)0x7777; return note("cuDevicePrimaryCtxRetain", t); }
int cuCtxPushCurrent_v2(void* context) { char t[99]; snprintf(t, 99, "%p", context); return note("cuCtxPushCurrent", t); }
int cuCtxPopCurrent_v2(void** context) { *context = (void*)0x7777; return note("cuCtxPopCurrent", ""); }
int cuModuleLoadData(void** module, const void* image) { *module = (void*)0x1111; return note("cuModuleLoadData", (const char*)image); }
int cuModuleGetFunction(void** function, void* module, const char* name) { char t[99]; snprintf(t, 99, "%p, %s", module, name); *function = (void*)0x2222; return note("cuModuleGetFunction", t); }
int cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void* stream, void** parameters, void** extra)
{
    char t[300];
    snprintf(t, 300, "%p, %u %u %u, %u %u %u, %u, %p, %p %lld %d %g, %p", f, gx, gy, gz, bx, by, bz, shared, stream,
        *(void**)parameters[0], *(long long*)parameters[1], *(int*)parameters[2], *(float*)parameters[3], (void*)extra);
    return note("cuLaunchKernel", t);
}
int cuGetErrorName(int code, const char** text) { *text = code == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OTHER"; return 0; }
int cuGetErrorString(int code, const char** text) { *text = code == 100 ? "no CUDA-capable device is detected" : "other"; return 0; }
