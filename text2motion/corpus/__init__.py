"""The annotated corpus: a compositional grammar of facial actions, performed with natural timing and
captioned.

``vocabulary*`` say what there is, ``phrases`` how people say it, ``curves`` and ``performers`` how it moves,
``performance`` adds the life nobody asks for, ``scenes`` draws whole captioned scenes from a seed.
"""
