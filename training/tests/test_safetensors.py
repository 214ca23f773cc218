import json
import tempfile
import unittest
from pathlib import Path

import torch

from ..common import checkpoint, safetensors
from .fixtures import write_base


class SafetensorsTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "t.safetensors"

    def tearDown(self):
        self.folder.cleanup()

    def test_what_is_written_is_read_back(self):
        tensors = {
            "b": torch.randn(3, 5).bfloat16(), "a": torch.arange(7), "scalar": torch.tensor(2.5),
            "flags": torch.tensor([True, False]), "empty": torch.zeros(0, 4), "strided": torch.randn(4, 6).t()}
        safetensors.save(self.path, tensors, {"format": "pt"})
        read, metadata = safetensors.load(self.path)
        self.assertEqual(metadata, {"format": "pt"})
        self.assertEqual(set(read), set(tensors))
        for name, tensor in tensors.items():
            self.assertEqual(read[name].dtype, tensor.dtype)
            self.assertEqual(read[name].shape, tensor.shape)
            self.assertTrue(torch.equal(read[name], tensor), name)

    def test_the_bytes_are_those_of_the_published_format(self):
        safetensors.save(self.path, {"x": torch.tensor([1.0, -2.0])})
        raw = self.path.read_bytes()
        length = int.from_bytes(raw[:8], "little")
        self.assertEqual(length % 8, 0)
        self.assertEqual(json.loads(raw[8:8 + length]), {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})
        self.assertEqual(raw[8 + length:], bytes.fromhex("0000803f000000c0"))

    def test_damaged_files_are_refused(self):
        def file(header: bytes, data: bytes = b"", length: int | None = None) -> None:
            self.path.write_bytes((len(header) if length is None else length).to_bytes(8, "little") + header + data)
        cases = (
            lambda: file(b"{}", length=1 << 40),
            lambda: file(b"not json"),
            lambda: file(b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"1234"),
            lambda: file(b'{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', b"12345678"),
            lambda: file(b'{"x":{"dtype":"Q4","shape":[8],"data_offsets":[0,8]}}', b"12345678"))
        for write in cases:
            write()
            with self.assertRaises(ValueError):
                safetensors.load(self.path)

    def test_a_sharded_checkpoint_reads_like_a_single_file(self):
        directory = Path(self.folder.name)
        model = write_base(directory, shards=3)
        read = checkpoint.read_tensors(directory)
        self.assertEqual(set(read), set(model.state_dict()))
        for name, tensor in model.state_dict().items():
            self.assertTrue(torch.equal(read[name], tensor.bfloat16().float()), name)

    def test_a_shard_that_lacks_a_listed_tensor_is_an_error(self):
        directory = Path(self.folder.name)
        write_base(directory, shards=2)
        path = directory / "model.safetensors.index.json"
        index = json.loads(path.read_text())
        index["weight_map"]["model.extra"] = index["weight_map"]["lm_head.weight"]
        path.write_text(json.dumps(index))
        with self.assertRaisesRegex(ValueError, "model.extra"):
            checkpoint.read_tensors(directory)
