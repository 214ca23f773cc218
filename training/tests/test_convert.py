import collections
import contextlib
import io
import json
import os
import pickle
import tempfile
import unittest
import zipfile
from pathlib import Path

import torch

from ..common import safetensors
from ..convert.__main__ import main
from ..convert.folders import convert
from ..convert.pickles import UnsafePickle, read
from ..icot_kd.evaluate import load as load_pair
from ..icot_kd.nets import Emulator, Student
from ..icot_si.evaluate import load as load_icot
from .icot_fixtures import loud, small_gpt2, write_gpt2_base


class Runs:
    """What an attacker puts into a pickle: a call of any function."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


class PickleTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_tensors_of_both_forms_are_read_as_torch_reads_them(self):
        whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        state = collections.OrderedDict(
            plain=whole, turned=whole.t(), part=whole[1:3, 2:], half=torch.randn(3).half(), brain=torch.randn(2, 2).bfloat16(),
            count=torch.tensor(7), flags=torch.tensor([True, False]), empty=torch.empty(0, 3), trained=torch.nn.Parameter(torch.randn(2)))
        for legacy in (False, True):
            path = self.folder / f"{legacy}.bin"
            torch.save(state, path, _use_new_zipfile_serialization=not legacy)
            self.assertEqual(zipfile.is_zipfile(path), not legacy)
            found = read(path)
            self.assertEqual(list(found), list(state))
            for name, tensor in state.items():
                self.assertEqual(found[name].dtype, tensor.dtype, name)
                self.assertTrue(torch.equal(found[name], tensor), name)

    def test_a_trainers_dictionary_around_the_weights_is_opened(self):
        torch.save({"state_dict": {"a": torch.ones(2)}, "epoch": 3}, self.folder / "trainer.bin")
        self.assertEqual(read(self.folder / "trainer.bin")["a"].tolist(), [1, 1])

    def test_nothing_a_pickle_asks_for_is_run(self):
        marker = self.folder / "marker"
        for legacy in (False, True):
            path = self.folder / "evil.bin"
            torch.save({"a": torch.ones(2), "b": Runs(marker)}, path, _use_new_zipfile_serialization=not legacy)
            with self.assertRaisesRegex(UnsafePickle, "mkdir"):
                read(path)
        (self.folder / "bare.bin").write_bytes(pickle.dumps(Runs(marker)))
        with self.assertRaisesRegex(UnsafePickle, "mkdir"):
            read(self.folder / "bare.bin")
        self.assertFalse(marker.exists())

    def test_names_that_only_look_harmless_are_refused(self):
        for value in (torch.nn.Linear(2, 2), torch.device("cpu"), io.BytesIO()):
            torch.save({"a": torch.ones(1), "b": value}, self.folder / "other.bin")
            with self.assertRaises(UnsafePickle):
                read(self.folder / "other.bin")

    def test_damaged_files_are_refused_with_the_name_of_the_file(self):
        torch.save({"a": torch.ones(100)}, self.folder / "new.bin")
        torch.save({"a": torch.ones(100)}, self.folder / "old.bin", _use_new_zipfile_serialization=False)
        new, old = ((self.folder / name).read_bytes() for name in ("new.bin", "old.bin"))
        damaged = [b"", b"nothing of the kind", new[:len(new) // 2], old[:-4], old[:40], new[:200] + b"\xff" * 50 + new[250:]]
        for i, data in enumerate(damaged):
            (self.folder / "damaged.bin").write_bytes(data)
            with self.assertRaisesRegex(UnsafePickle, "damaged.bin", msg=str(i)):
                read(self.folder / "damaged.bin")

    def test_a_tensor_that_reaches_beyond_its_data_is_refused(self):
        torch.save({"a": torch.ones(4)}, self.folder / "a.bin")
        with zipfile.ZipFile(self.folder / "a.bin") as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(self.folder / "b.bin", "w") as archive:
            for name, data in parts.items():
                if name.endswith("data.pkl"):
                    shape = data.index(b"K\x04\x85")  # (4,)
                    data = data[:shape] + b"K\x05" + data[shape + 2:]
                archive.writestr(name, data)
        with self.assertRaisesRegex(UnsafePickle, "beyond"):
            read(self.folder / "b.bin")


class FolderTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source, self.out, self.base = (Path(folder.name) / name for name in ("source", "out", "base"))
        self.source.mkdir()
        self.base.mkdir()
        self.model = write_gpt2_base(self.base)

    def test_a_sharded_model_keeps_its_names_and_brings_no_code(self):
        torch.save({"a": torch.ones(2), "b": torch.zeros(3)}, self.source / "pytorch_model-00001-of-00002.bin")
        torch.save({"c": torch.ones(1)}, self.source / "pytorch_model-00002-of-00002.bin")
        places = {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00001-of-00002.bin",
                  "c": "pytorch_model-00002-of-00002.bin"}
        (self.source / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
        for name in ("config.json", "modeling_it.py"):
            (self.source / name).write_text("{}")
        self.assertEqual(convert(self.source, self.out), [
            "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"])
        index = json.loads((self.out / "model.safetensors.index.json").read_text())["weight_map"]
        self.assertEqual(index["c"], "model-00002-of-00002.safetensors")
        self.assertEqual(safetensors.load(self.out / index["b"])[0]["b"].tolist(), [0, 0, 0])

    def test_bitunes_two_adapters_are_converted_where_they_stand(self):
        (self.source / "prefill").mkdir()
        name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
        for folder, value in ((self.source, 1.0), (self.source / "prefill", 2.0)):
            torch.save({name: torch.full((2, 2), value)}, folder / "adapter_model.bin")
            (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
        self.assertEqual(convert(self.source, self.out), [
            "adapter_config.json", "adapter_model.safetensors", "prefill/adapter_config.json", "prefill/adapter_model.safetensors"])
        self.assertEqual(safetensors.load(self.out / "prefill" / "adapter_model.safetensors")[0][name][0, 0].item(), 2)

    def test_an_icot_release_becomes_a_model_on_its_base(self):
        torch.save({f"base_model.{name}": value for name, value in self.model.state_dict().items()}, self.source / "state_dict.bin")
        (self.source / "config.json").write_text('{"base_model": "gpt2", "tokenizer_name": "gpt2"}')
        with self.assertRaisesRegex(ValueError, "--base"):
            convert(self.source, self.out)
        convert(self.source, self.out, self.base)
        model, form = load_icot(self.out)
        for (name, one), two in zip(self.model.named_parameters(), model.parameters()):
            self.assertTrue(torch.equal(one, two), name)
        thinking = json.loads((self.out / "config.json").read_text())["thinking"]
        self.assertEqual((thinking["method"], thinking["eos_count_to_stop"], thinking["separator_token_id"]), ("icot_si", 2, form.eos))

    def test_an_icot_kd_pair_becomes_one_folder(self):
        config = self.model.config
        student, emulator = loud(Student(config), 1), loud(Emulator(config, 2), 2)
        other = self.source.parent / "emulator"
        other.mkdir()
        for folder, net, keys in ((self.source, student, {}), (other, emulator, {"mixture_size": 2, "softmax_temperature": 0.1})):
            torch.save(net.state_dict(), folder / "state_dict.bin")
            (folder / "config.json").write_text(json.dumps({"base_model": "gpt2", "tokenizer_name": "gpt2"} | keys))
        convert(self.source, self.out, self.base, other)
        mine, theirs, _ = load_pair(self.out)
        self.assertEqual(theirs.temperature, 0.1)
        self.assertTrue(torch.equal(mine.mlps[1][0].weight, student.mlps[1][0].weight))
        self.assertTrue(torch.equal(theirs.rnn.weight_hh_l0, emulator.rnn.weight_hh_l0))

    def test_the_command_reports_files_and_errors(self):
        torch.save({"a": torch.ones(2)}, self.source / "pytorch_model.bin")
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(main([str(self.source), str(self.out)]), 0)
        self.assertEqual(said.getvalue(), "model.safetensors\n")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(main([str(self.source), str(self.out)]), 1)  # the folder is there now
        self.assertIn("not empty", said.getvalue())


if __name__ == "__main__":
    unittest.main()
