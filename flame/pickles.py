"""A restricted unpickler for FLAME's files: data only, no code.

FLAME's pickles were written by Python 2 and hold numpy arrays, scipy CSC matrices and chumpy arrays. Here
every global the file names must be on a short list, and each of those is replaced by a constructor of our
own or by numpy's own array builder behind a check. Whatever else it asks for is refused before it runs.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from flame.errors import HeadFileError, input_error

_DTYPE_KINDS = "biuf"
_MAX_BYTES = 2_000_000_000


class ChumpyArray:
    """Stands for any chumpy class: keeps the state that the file gives, runs nothing."""

    state: Mapping[str, Any] = MappingProxyType({})

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise _refused("chumpy state that is not a mapping")
        self.state = state

    @property
    def r(self) -> np.ndarray:
        """The numbers: chumpy keeps them under ``x``; a selection refers to another array by ``a`` and ``idxs``."""
        return self.resolve(8)

    def resolve(self, depth: int) -> np.ndarray:
        """The numbers, following at most ``depth`` references."""
        if depth == 0:
            raise _refused("chumpy arrays nested too deeply")
        if "x" in self.state:
            return _numbers(self.state["x"], depth)
        if "a" in self.state and "idxs" in self.state:
            flat = _numbers(self.state["a"], depth).ravel()[_numbers(self.state["idxs"], depth)]
            shape = self.state.get("preferred_shape")
            return flat if shape is None else flat.reshape(shape)
        raise _refused(f"a chumpy array without values (it has {sorted(map(str, self.state))[:6]})")


class CscMatrix:
    """Stands for ``scipy.sparse.csc_matrix``: made dense by ``toarray`` after its indices are checked."""

    state: Mapping[str, Any] = MappingProxyType({})

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise _refused("sparse matrix state that is not a mapping")
        self.state = state

    def toarray(self) -> np.ndarray:
        """(rows, columns) float64."""
        shape = self.state.get("_shape", self.state.get("shape"))
        try:
            rows, columns = (int(n) for n in shape)
            data = np.asarray(_numbers(self.state["data"], 1), np.float64)
            indices, starts = (_numbers(self.state[k], 1).astype(np.int64) for k in ("indices", "indptr"))
        except (KeyError, TypeError, ValueError) as error:
            raise _refused("an incomplete sparse matrix") from error
        well_formed = (
            0 < rows * columns * 8 < _MAX_BYTES
            and starts.shape == (columns + 1,)
            and starts[0] == 0
            and (np.diff(starts) >= 0).all()
            and starts[-1] == len(indices) == len(data)
            and (len(indices) == 0 or (indices.min() >= 0 and indices.max() < rows))
        )
        if not well_formed:
            raise _refused("a malformed sparse matrix")
        dense = np.zeros((rows, columns))
        np.add.at(dense, (indices, np.repeat(np.arange(columns), np.diff(starts))), data)
        return dense


class _Number:
    """Stands for a numpy dtype under construction: a plain number type and its byte order, nothing else."""

    __slots__ = ("dtype",)

    def __init__(self, code: Any) -> None:
        name = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(name, str) or len(name) > 4 or name.lstrip("<>=|")[:1] not in _DTYPE_KINDS + "O":
            raise _refused(f"an array of type {name!r}")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: Any) -> None:
        plain = isinstance(state, tuple) and len(state) >= 5 and tuple(state[2:5]) == (None, None, None)
        if not plain or state[1] not in ("<", ">", "|", "="):
            raise _refused("a structured array type")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for a numpy array under construction; ``values`` once its state has been checked."""

    __slots__ = ("values",)
    values: np.ndarray | dict[Any, Any]

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], _Number)):
            raise _refused("an array of unknown layout")
        _, shape, number, fortran, data = state
        if number.dtype.hasobject:  # np.save of a mapping wraps it into an array of one object
            if shape != () or not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], dict):
                raise _refused("an array of objects")
            self.values = data[0]
            return
        raw = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(raw, bytes) or not isinstance(shape, tuple):
            raise _refused("an array whose data is not bytes")
        count = 1
        for length in shape:
            if not isinstance(length, int) or length < 0:
                raise _refused("an array of impossible shape")
            count *= length
        if count * number.dtype.itemsize != len(raw):
            raise _refused(f"an array of {count} numbers with {len(raw)} bytes of data")
        values = np.frombuffer(raw, number.dtype).reshape(shape, order="F" if fortran else "C")
        self.values = np.array(values, dtype=number.dtype.newbyteorder("="))


def _reconstruct(subtype: Any, shape: Any, typecode: Any) -> _Array:
    if subtype is not _NDARRAY:
        raise _refused(f"an array of class {subtype!r}")
    return _Array()


def _from_buffer(data: Any, number: Any, shape: Any, order: Any) -> _Array:
    """numpy's constructor in pickles of protocol 5."""
    if not isinstance(data, bytes | bytearray) or order not in ("C", "F"):
        raise _refused("an array whose data is not bytes")
    array = _Array()
    array.__setstate__((1, shape, number, order == "F", bytes(data)))
    return array


def _scalar(number: Any, data: Any) -> Any:
    raw = data.encode("latin1") if isinstance(data, str) else data
    sound = isinstance(number, _Number) and not number.dtype.hasobject and isinstance(raw, bytes)
    if not sound or len(raw) != number.dtype.itemsize:
        raise _refused("a scalar of unknown layout")
    return np.frombuffer(raw, number.dtype)[0]


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise _refused("an encoding")
    return text.encode(encoding)


def _new_object(stand_in: Any, *arguments: Any) -> Any:
    """copy_reg._reconstructor: only for our own stand-ins."""
    if stand_in not in (ChumpyArray, CscMatrix):
        raise _refused(f"an object of class {stand_in!r}")
    return stand_in()


class _Call:
    """A function the pickle may call, without attributes that the pickle could set."""

    __slots__ = ("_function",)
    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __setattr__(self, name: str, value: Any) -> None:
        raise _refused(f"setting {name} of a function")

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)


class _Name:
    """A class the pickle may mention but not call."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Any:
        raise _refused("a bare object")


_NDARRAY, _OBJECT = _Name(), _Name()
_ALLOWED: dict[tuple[str, str], Any] = {
    ("copy_reg", "_reconstructor"): _Call(_new_object),
    ("copyreg", "_reconstructor"): _Call(_new_object),
    ("__builtin__", "object"): _OBJECT,
    ("builtins", "object"): _OBJECT,
    ("_codecs", "encode"): _Call(_encode),
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Call(lambda code, *rest: _Number(code)),
    ("scipy.sparse.csc", "csc_matrix"): CscMatrix,
    ("scipy.sparse._csc", "csc_matrix"): CscMatrix,
    ("numpy.core.multiarray", "_reconstruct"): _Call(_reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): _Call(_reconstruct),
    ("numpy.core.numeric", "_frombuffer"): _Call(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _Call(_from_buffer),
    ("numpy.core.multiarray", "scalar"): _Call(_scalar),
    ("numpy._core.multiarray", "scalar"): _Call(_scalar),
}
_CHUMPY_CLASSES = {"Ch", "Select", "ChLambda", "Concatenate"}


class RestrictedUnpickler(pickle.Unpickler):
    """Finds only what is on the list; chumpy's classes become ``ChumpyArray``."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for ``module.name``. Raises HeadFileError for anything not on the list."""
        if (module, name) in _ALLOWED:
            return _ALLOWED[(module, name)]
        if module in ("chumpy.ch", "chumpy.reordering") and name in _CHUMPY_CLASSES:
            return ChumpyArray
        raise _refused(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """Refused: FLAME's files have no persistent ids."""
        raise _refused("a persistent id")


def read_flame_pickle(data: bytes) -> dict[str, Any]:
    """The mapping in a FLAME pickle, arrays as plain numpy.

    Raises:
        HeadFileError: the file is not such a pickle, or names anything that FLAME's files do not need.
    """
    try:
        content = RestrictedUnpickler(io.BytesIO(data), encoding="latin1").load()
        if isinstance(content, _Array):
            content = content.values
        if isinstance(content, dict):
            return {str(key): _plain(value) for key, value in content.items()}
    except HeadFileError:
        raise
    except Exception as error:  # a broken pickle fails in any way it likes
        raise input_error(
            HeadFileError,
            "not a FLAME pickle",
            f"{type(error).__name__}: {error}",
            "give FLAME's own .pkl file",
        ) from error
    raise input_error(
        HeadFileError, "a FLAME pickle holds a mapping", type(content).__name__, "give FLAME's own .pkl file"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, ChumpyArray):
        return value.r
    if isinstance(value, CscMatrix):
        return value.toarray()
    if isinstance(value, _Array):
        return value.values
    return value


def _numbers(value: Any, depth: int) -> np.ndarray:
    if isinstance(value, ChumpyArray):
        return value.resolve(depth - 1)
    if isinstance(value, _Array) and isinstance(value.values, np.ndarray):
        return value.values
    raise _refused("a chumpy array of something that is not numbers")


def _refused(what: str) -> HeadFileError:
    return input_error(
        HeadFileError,
        "refused: the pickle asks for something FLAME's files do not hold",
        what,
        "do not trust this file",
    )
