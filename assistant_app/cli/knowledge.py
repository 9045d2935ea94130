"""`assistant knowledge ...`: the documents that questions are answered from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from assistant_app.cli.invocation import (
    DONE,
    NOT_DONE,
    Invocation,
    add_json,
    add_profile,
    error_object,
    print_json,
    say,
)
from assistant_app.cli.turns import source_json
from assistant_app.errors import InputError
from assistant_app.knowledge.base import Document, KnowledgeBase, text_files
from assistant_app.paths import resources_dir

_QUOTED = 300


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser("knowledge", help="documents to answer from")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="read text or Markdown files, or all of a folder")
    add.add_argument("path", nargs="*", type=Path)
    add.add_argument("--starter", action="store_true", help="the description of this program, to ask it about itself")
    add.set_defaults(usage_error=add.error)
    listing = actions.add_parser("list", help="the documents there are")
    remove = actions.add_parser("remove", help="forget a document; the file stays")
    remove.add_argument("name", help="its path, file name or title")
    search = actions.add_parser("search", help="the passages nearest to a question")
    search.add_argument("query")
    search.add_argument("--limit", type=int, default=5, metavar="N")
    for action in (add, listing, remove, search):
        add_json(action)
        add_profile(action)


def run(args: argparse.Namespace) -> int:
    from assistant_app.app import build_knowledge

    base = build_knowledge(Invocation(args).paths)
    act = {"add": _add, "list": _list, "remove": _remove, "search": _search}[args.action]
    return act(args, base)


def _add(args: argparse.Namespace, base: KnowledgeBase) -> int:
    added: list[Document] = []
    problems: list[dict[str, Any]] = []
    places = [*args.path, *([resources_dir() / "knowledge"] if args.starter else [])]
    if not places:
        args.usage_error("give a PATH or --starter")
    files = [file for place in places for file in text_files(place)]
    if not files:
        raise InputError("no_text_files", "There are no text or Markdown files there.")
    for file in files:
        try:
            added.append(base.add(file))
        except InputError as error:
            problems.append({"file": str(file), **error_object(error.code, error.message)})
            if not args.json:
                say(error.message)
            continue
        if not args.json:
            print(f"Added: {added[-1].title} ({added[-1].passages} passages)")
    if args.json:
        first = problems[0]["error"] if problems and not added else None
        documents = [_document_json(document) for document in added]
        print_json({**({"error": first} if first else {}), "documents": documents, "problems": problems})
    return NOT_DONE if problems else DONE


def _list(args: argparse.Namespace, base: KnowledgeBase) -> int:
    documents = base.documents()
    if args.json:
        print_json({"documents": [_document_json(document) for document in documents]})
        return DONE
    for document in documents:
        print(f"{document.title}  {document.path}  ({document.passages} passages)")
    if not documents:
        say("No documents yet. Add one: assistant knowledge add FILE")
    return DONE


def _remove(args: argparse.Namespace, base: KnowledgeBase) -> int:
    removed = base.remove(args.name)
    if args.json:
        print_json({"removed": _document_json(removed)})
    else:
        print(f"Forgotten: {removed.title} ({removed.path})")
    return DONE


def _search(args: argparse.Namespace, base: KnowledgeBase) -> int:
    found = base.search(args.query, limit=max(args.limit, 1))
    if args.json:
        passages = [{"text": p.text, "score": round(p.score, 4), **source_json(p.source)} for p in found]
        print_json({"passages": passages})
        return DONE
    for passage in found:
        text = " ".join(passage.text.split())
        print(f"{passage.score:.2f}  {passage.source.title} ({passage.source.where})")
        print(f"      {text[:_QUOTED]}{'…' if len(text) > _QUOTED else ''}")
    if not found:
        say("Nothing was found.")
    return DONE


def _document_json(document: Document) -> dict[str, Any]:
    return {
        "path": str(document.path),
        "title": document.title,
        "passages": document.passages,
        "added": document.added,
    }
