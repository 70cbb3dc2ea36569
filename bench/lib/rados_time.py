"""Times single operations on a Ceph pool, through librados: rados_time.py POOL KIND SIZE DEPTH SECONDS, KIND write or
read. Prints the latencies' percentiles as JSON. `rados bench` prints only their mean."""

import ctypes
import json
import os
import sys
import threading
import time

rados = ctypes.CDLL("librados.so.2")
rados.rados_write_full.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]
rados.rados_read.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]


def require(code, what):
    if code < 0:
        sys.exit(f"rados_time: {what}: {os.strerror(-code)}")


def main():
    pool, kind, size, depth, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    cluster, pool_handle = ctypes.c_void_p(), ctypes.c_void_p()
    require(rados.rados_create(ctypes.byref(cluster), None), "create")
    require(rados.rados_conf_read_file(cluster, None), "configuration")
    require(rados.rados_connect(cluster), "connect")
    require(rados.rados_ioctx_create(cluster, pool.encode(), ctypes.byref(pool_handle)), f"pool {pool}")
    data = os.urandom(size)
    took = []
    end = time.monotonic() + seconds

    def work(worker):
        room = ctypes.create_string_buffer(size)
        for number in range(1_000_000):
            name = f"timed-{worker}-{number % 64}".encode()
            began = time.perf_counter()
            if kind == "write":
                require(rados.rados_write_full(pool_handle, name, data, size), "write")
            else:
                require(rados.rados_read(pool_handle, name, room, size, 0), "read")
            done = time.perf_counter()
            took.append(done - began)
            if time.monotonic() > end:
                return

    threads = [threading.Thread(target=work, args=(i,)) for i in range(depth)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    print(json.dumps({"count": len(took), "iops": len(took) / seconds,
                      **{f"p{p}_ms": 1000 * took[min(len(took) - 1, int(len(took) * p / 100))] for p in (50, 90, 99)}}))


main()
