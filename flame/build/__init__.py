"""Builds the embedded head from MakeHuman's CC0 base mesh and morph targets.

Run ``python -m flame.build --targets targets.npz --base base.obj --out flame/data/open_head.npz``.
The package is a tool of the developer: nothing in it is imported when a head is loaded.

Steps, one module each: ``source`` reads the assets, ``macro`` mixes the mean adult and samples
identities, ``cut`` keeps the head and adds what the mesh lacks (eyeballs, mouth sock), ``sculpt`` and
``shapes`` make the expression basis, ``skin`` the joints and weights, ``regions`` the labels and UVs,
``landmarks`` the embeddings, ``assemble`` the file.
"""
