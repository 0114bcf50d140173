"""The Merkle tree: RFC 6962 against its reference vectors and an independent implementation."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from etl.proof.check import leaf_hash, root_from_inclusion
from etl.proof.merkle import EMPTY_ROOT, Frontier, Tree
from tests.support.witness import is_consistent

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
# Inputs, roots and proofs of the reference implementation of certificate transparency.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
INPUTS += ["606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(each)) for each in INPUTS]


def test_roots_and_proofs_equal_the_vectors_of_certificate_transparency():
    tree, frontier = Tree(LEAVES), Frontier()
    for size, root in enumerate(ROOTS, start=1):
        frontier.append(LEAVES[size - 1])
        assert tree.root(size).hex() == frontier.root().hex() == root
        assert Tree(LEAVES[:size]).root().hex() == root
    assert [each.hex() for each in tree.inclusion_proof(0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [each.hex() for each in tree.consistency_proof(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")
    assert Tree([]).root() == Frontier().root() == EMPTY_ROOT


def _leaves(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def _some(numbers: range, count: int) -> list[int]:
    return random.Random(len(numbers)).sample(numbers, count)


def _oracle(size: int) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for number in range(size):
        tree.append_entry(b"%d" % number)
    return tree


def test_every_prefix_up_to_300_has_the_root_of_an_independent_implementation():
    tree, frontier, oracle = Tree(_leaves(300)), Frontier(), InmemoryTree(algorithm="sha256")
    for size in range(1, 301):
        oracle.append_entry(b"%d" % (size - 1))
        frontier.append(leaf_hash(b"%d" % (size - 1)))
        assert oracle.get_root(size) == tree.root(size) == frontier.root()
        frontier = Frontier(size, frontier.data)


def test_every_inclusion_proof_up_to_300_verifies_and_proves_no_other_leaf():
    leaves = _leaves(300)
    tree = Tree(leaves)
    for size in range(1, 301):
        root = tree.root(size)
        for index in _some(range(size), 25 if size > 70 and not IS_SOAK else size):
            proof = tree.inclusion_proof(index, size)
            assert root_from_inclusion(leaves[index], index, size, proof) == root
            assert root_from_inclusion(leaves[index - 1], index, size, proof) != root or size == 1
            assert root_from_inclusion(leaves[index], index, size, [*proof, root]) != root
            assert root_from_inclusion(leaves[index], index, size, proof[:-1]) != root or size == 1
            assert root_from_inclusion(leaves[index], size, size, proof) is None


def test_every_consistency_proof_up_to_300_verifies_and_fails_for_another_prefix():
    tree = Tree(_leaves(300))
    for size in range(1, 301):
        root = tree.root(size)
        for old in _some(range(1, size + 1), 25 if size > 70 and not IS_SOAK else size):
            proof = tree.consistency_proof(old, size)
            assert is_consistent(old, tree.root(old), size, root, proof)
            assert not is_consistent(old, leaf_hash(b"other"), size, root, proof)
            assert not is_consistent(old, tree.root(old), size, leaf_hash(b"other"), proof)
            assert not is_consistent(old, tree.root(old), size, root, [*proof, root])
            assert not is_consistent(size + 1, tree.root(old), size, root, proof)
            assert not proof or not is_consistent(old, tree.root(old), size, root, proof[:-1])
        assert is_consistent(0, EMPTY_ROOT, size, root, [])
        assert not is_consistent(0, root, size, root, [])


@pytest.mark.parametrize("seed", range(40 if IS_SOAK else 2))
def test_proofs_of_large_trees_equal_those_of_an_independent_implementation(seed):
    choose = random.Random(seed)
    size = choose.randint(10_000, 100_000) if IS_SOAK else choose.randint(1_000, 4_000)
    leaves = _leaves(size)
    tree, oracle = Tree(leaves), _oracle(size)
    assert tree.root() == oracle.get_root()
    for _ in range(10):
        old = choose.randint(1, size)
        index = choose.randrange(old)
        # pymerkle's paths contain the leaf itself, and the nodes of the old root.
        theirs = oracle.prove_inclusion(index + 1, old).path
        assert (
            set(tree.inclusion_proof(index, old))
            == {bytes(each) for each in theirs} - {leaves[index]}
            or len(theirs) == 1
        )
        inclusion = tree.inclusion_proof(index, old)
        assert root_from_inclusion(leaves[index], index, old, inclusion) == tree.root(old)
        proof = tree.consistency_proof(old, size)
        assert is_consistent(old, oracle.get_root(old), size, oracle.get_root(), proof)


@given(st.integers(1, 100_000), st.data())
def test_the_frontier_of_any_size_grows_as_the_tree_does(size, data):
    count = data.draw(st.integers(0, 20))
    small = Tree(_leaves(64))
    frontier = Frontier()
    for leaf in _leaves(min(size, 64)):
        frontier.append(leaf)
    assert frontier.root() == small.root(min(size, 64))
    again = Frontier(frontier.size, frontier.data)
    for number in range(count):
        again.append(leaf_hash(b"more %d" % number))
    assert again.size == frontier.size + count
    assert len(again.data) == 32 * again.size.bit_count()


def test_an_empty_proof_proves_only_what_needs_none():
    tree = Tree(_leaves(7))
    assert not is_consistent(3, tree.root(3), 7, tree.root(7), [])
    assert is_consistent(7, tree.root(7), 7, tree.root(7), [])


def test_impossible_sizes_are_refused():
    tree = Tree(_leaves(5))
    for call in (
        lambda: tree.root(6),
        lambda: tree.inclusion_proof(5),
        lambda: tree.inclusion_proof(3, 6),
        lambda: tree.consistency_proof(6),
        lambda: Frontier(3, b""),
    ):
        with pytest.raises(ValueError, match="tree"):
            call()
