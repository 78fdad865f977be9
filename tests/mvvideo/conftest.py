"""Actors that several test modules look at, made once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flame.head import load_head

from .actor_assets import write_assets


@pytest.fixture(scope="session")
def head():
    return load_head("open")


@pytest.fixture(scope="session")
def kit_path(tmp_path_factory, head):
    from mvvideo.actors.pack import pack_kit

    folder = tmp_path_factory.mktemp("actors")
    assets, targets = write_assets(folder, head)
    return pack_kit(assets, targets, folder / "kit.npz", samples=48, components=24)


@pytest.fixture(scope="session")
def kit(kit_path):
    from mvvideo.actors.kit import load_kit

    return load_kit(str(kit_path))


@pytest.fixture(scope="session")
def actor(kit, head):
    from mvvideo.actors.actor import Actor
    from mvvideo.actors.spec import sample_spec

    return Actor(kit, head, replace(sample_spec(kit, 5), glasses="round"))
