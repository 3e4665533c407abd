"""Products of small float32 matrices in kernels: tiles of the result stay in registers.

A compiler that gets three loops over arrays writes every sum back to memory.
The tile below is written in LLVM's vector operations instead: a few rows times
a few vectors of sums, with one broadcast and one multiply-add for each of them
and each step of the inner index. Each element of a result is summed over the
inner index in its order, starting from what it held, so results depend
neither on the shape of tiles nor on that of the rest of the matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from symloss.compile.cpu.jit import njit

LANES = 16
"""Float32 numbers in a vector; LLVM splits it where registers are shorter."""


def _tile(rows: int, vectors: int) -> Any:
    """Return a function for kernels: a tile of `rows` times 16 `vectors` numbers of a product.

    Its arguments are the address of each matrix, and the distances in bytes:
    a, from row to row, from step to step; b, from step to step; start, from row
    to row; c, from row to row; and the number of steps.
    c[i, :] = start[i, :] + sum over k of a[i, k] * b[k, :].
    """

    @intrinsic
    def tile(context, a, a_row, a_step, b, b_step, start, start_row, c, c_row, depth):  # type: ignore[no-untyped-def]
        signature = types.void(*[types.int64] * 10)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, a_row, a_step, b, b_step, start, start_row, c, c_row, depth = arguments
            number = ir.FloatType()
            vector = ir.VectorType(number, LANES)
            whole = ir.IntType(64)
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            undefined = ir.Constant(vector, ir.Undefined)

            def load(address: Any, kind: Any) -> Any:
                return builder.load(builder.inttoptr(address, kind.as_pointer()), align=4)

            def places(first: Any, row: Any) -> list[Any]:
                starts = [builder.add(first, builder.mul(row, whole(i))) for i in range(rows)]
                return [builder.add(start, whole(4 * LANES * v)) for start in starts for v in range(vectors)]

            before = builder.block
            held = [load(place, vector) for place in places(start, start_row)]
            loop, after = builder.append_basic_block("steps"), builder.append_basic_block("after")
            builder.cbranch(builder.icmp_signed(">", depth, whole(0)), loop, after)
            builder.position_at_end(loop)
            step, a_now, b_now = (builder.phi(whole) for _ in range(3))
            sums = [builder.phi(vector) for _ in held]
            for node, first in zip((step, a_now, b_now, *sums), (whole(0), a, b, *held), strict=True):
                node.add_incoming(first, before)
            terms = [load(builder.add(b_now, whole(4 * LANES * v)), vector) for v in range(vectors)]
            added = []
            for i in range(rows):
                factor = load(builder.add(a_now, builder.mul(a_row, whole(i))), number)
                single = builder.insert_element(undefined, factor, ir.IntType(32)(0))
                factors = builder.shuffle_vector(single, undefined, zeros)
                for v in range(vectors):
                    product = builder.fmul(factors, terms[v], flags=("contract",))
                    added.append(builder.fadd(sums[i * vectors + v], product, flags=("contract",)))
            following = builder.add(step, whole(1))
            ends = (following, builder.add(a_now, a_step), builder.add(b_now, b_step), *added)
            for node, end in zip((step, a_now, b_now, *sums), ends, strict=True):
                node.add_incoming(end, loop)
            builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
            builder.position_at_end(after)
            results = [builder.phi(vector) for _ in held]
            for node, first, end in zip(results, held, added, strict=True):
                node.add_incoming(first, before)
                node.add_incoming(end, loop)
            for place, result in zip(places(c, c_row), results, strict=True):
                builder.store(result, builder.inttoptr(place, vector.as_pointer()), align=4)
            return context.get_dummy_value()

        return signature, generate

    return tile


def _wide() -> bool:
    """Return whether the processor has 32 registers of 16 numbers: then a tile of 4 rows can have 4 vectors."""
    return bool(binding.get_host_cpu_features().get("avx512f", False))


_VECTORS = 4 if _wide() else 1
_COLUMNS = _VECTORS * LANES
_large = _tile(4, _VECTORS)
_tall = _tile(8, 1)
_row = _tile(1, 1)


@njit
def add_product(a: NDArray[np.float32], a_row: int, a_step: int, b: NDArray[np.float32],
                start: NDArray[np.float32], start_row: int, c: NDArray[np.float32], rows: int, columns: int,
                depth: int) -> None:  # fmt: skip
    """Write a matrix product to c: c[i, j] = start(i, j) + sum over k of a(i, k) * b[k, j].

    Args:
        a: a(i, k) is at place i * a_row + k * a_step of its memory: (depth, 1) for a matrix of shape
            (rows, depth), (1, rows) for its transpose; contiguous.
        a_row, a_step: see above.
        b: shape (at least depth, columns), contiguous.
        start: start(i, j) is at place i * start_row + j: 0 for one row that all start from, columns for a
            matrix, which may be c; contiguous.
        start_row: see above.
        c: shape (at least rows, columns), contiguous.
        rows: any number.
        columns: a multiple of 16.
        depth: length of the inner index.
    """
    bytes_row, bytes_step, width, from_row = 4 * a_row, 4 * a_step, 4 * columns, 4 * start_row
    a_start, b_start, c_start, s_start = a.ctypes.data, b.ctypes.data, c.ctypes.data, start.ctypes.data
    done = 0
    while done + _COLUMNS <= columns and _COLUMNS > LANES:
        first = 0
        while first + 4 <= rows:
            _large(a_start + first * bytes_row, bytes_row, bytes_step, b_start + 4 * done, width,
                   s_start + first * from_row + 4 * done, from_row,
                   c_start + first * width + 4 * done, width, depth)  # fmt: skip
            first += 4
        for i in range(first, rows):
            for part in range(done, done + _COLUMNS, LANES):
                _row(a_start + i * bytes_row, bytes_row, bytes_step, b_start + 4 * part, width,
                     s_start + i * from_row + 4 * part, from_row,
                     c_start + i * width + 4 * part, width, depth)  # fmt: skip
        done += _COLUMNS
    while done < columns:
        first = 0
        while first + 8 <= rows:
            _tall(a_start + first * bytes_row, bytes_row, bytes_step, b_start + 4 * done, width,
                  s_start + first * from_row + 4 * done, from_row,
                  c_start + first * width + 4 * done, width, depth)  # fmt: skip
            first += 8
        for i in range(first, rows):
            _row(a_start + i * bytes_row, bytes_row, bytes_step, b_start + 4 * done, width,
                 s_start + i * from_row + 4 * done, from_row,
                 c_start + i * width + 4 * done, width, depth)  # fmt: skip
        done += LANES


@njit
def aligned(rows: int, columns: int) -> NDArray[np.float32]:
    """Return a matrix of zeros that starts at a cache line, so that no vector straddles two."""
    memory = np.zeros(rows * columns + LANES, np.float32)
    skipped = (-(memory.ctypes.data // 4)) % LANES
    return memory[skipped : skipped + rows * columns].reshape(rows, columns)
