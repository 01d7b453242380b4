"""What the captioner may say of each region: the claims behind its captions, and the table that names regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cytoscribe.captions.wording.image_attributes import PhraseBook, image_claim, read_phrases, subject_of
from cytoscribe.captions.wording.scene import Scene
from cytoscribe.core.errors import InputError
from cytoscribe.core.records import (
    IMAGE_CLAIM,
    Caption,
    Claim,
    ImageRecord,
    Region,
    image_claim_column,
    image_claim_value,
)
from cytoscribe.core.runs import read_json, write_json
from cytoscribe.core.shapes import check, entries, listed, text
from cytoscribe.core.tables import read_records, write_records
from cytoscribe.literature_mining.regions.table import read_regions
from cytoscribe.training.data.caption_files import read_evidence

IMAGES_TABLE = "images.csv"
"""The document of claims that an images table states."""
KNOWLEDGE_FILE, CLAIMS_FILE, CAPTIONS_FILE = "knowledge.json", "claims.parquet", "captions.parquet"
_ROW = entries({"name": text(500), "aliases": listed(text(500)), "parent": text(500)})
_FORM = entries({"columns": listed(text(200)), "regions": listed(_ROW)})


@dataclass(frozen=True)
class Knowledge:
    """columns: attributes of images that captions state, () where the claims are of papers; regions: the table's rows, for their other
    names; claims: those that captions may state, of every known region; captions: the data set's, of known regions."""

    columns: tuple[str, ...]
    regions: tuple[Region, ...]
    claims: tuple[Claim, ...]
    captions: tuple[Caption, ...]

    @property
    def of_images(self) -> bool:
        """True where captions state attributes of single images."""
        return bool(self.columns)

    def claims_of(self, region: str) -> list[Claim]:
        """What captions of a region may state."""
        return [c for c in self.claims if c.region == region]

    def scene(self) -> Scene:
        """What the claim gate needs to read captions."""
        book = read_phrases()
        table = {r.name: r for r in self.regions}
        if self.of_images:
            return Scene(table, subject_of(book, self.columns), book, image=True)
        return Scene(table, book.subject, PhraseBook(book.subject, {}), image=False)

    def image_claims(self, record: ImageRecord) -> list[Claim]:
        """What the images table states of one image, in the columns that captions speak of."""
        told = record.attributes
        return [image_claim(c, told[c], record.region, IMAGES_TABLE) for c in self.columns if told.get(c)]

    def save(self, folder: Path) -> None:
        """Write knowledge.json, claims.parquet and captions.parquet."""
        rows = [{k: asdict(r)[k] for k in ("name", "aliases", "parent")} for r in self.regions]
        write_json(folder / KNOWLEDGE_FILE, {"columns": list(self.columns), "regions": rows})
        write_records(folder / CLAIMS_FILE, Claim, self.claims)
        write_records(folder / CAPTIONS_FILE, Caption, self.captions)

    @staticmethod
    def load(folder: Path) -> Knowledge:
        """Read what `save` wrote; raises InputError where a part is missing or broken."""
        path = folder / KNOWLEDGE_FILE
        told = check(read_json(path), _FORM, path, "train the captioner again")
        regions = tuple(Region(r["name"], tuple(r["aliases"]), r["parent"]) for r in told["regions"])
        claims = tuple(read_records(folder / CLAIMS_FILE, Claim))
        return Knowledge(tuple(told["columns"]), regions, claims, tuple(read_records(folder / CAPTIONS_FILE, Caption)))


def gather(captions: Sequence[Caption], folders: Sequence[Path], known: Sequence[str], descriptions: Path | None) -> Knowledge:
    """The claims that captions of the regions `known` name: attributes of images by their ids, those of papers by `evidence.parquet`.

    descriptions: mining folder with the regions' other names, None for none. A paper's sentence comes along only where the captions'
    folder quotes it. Raises InputError where the mining folder has no table of regions.
    """
    used = [c for c in captions if c.region in set(known)]
    images = {(c.region, i) for c in used for i in c.claim_ids if i.startswith(IMAGE_CLAIM)}
    columns = tuple(sorted({image_claim_column(i) for _, i in images}))
    claims = [image_claim(image_claim_column(i), image_claim_value(i), region, IMAGES_TABLE) for region, i in sorted(images)]
    named = {i for c in used for i in c.claim_ids}
    for row in read_evidence(folders):
        if row.claim_id in named and row.region in set(known) and not row.claim_id.startswith(IMAGE_CLAIM):
            claims.append(
                Claim(
                    row.claim_id,
                    row.region,
                    row.document,
                    row.doi,
                    row.page,
                    row.quotation,
                    0,
                    len(row.quotation),
                    "",
                    row.layer,
                    row.attribute,
                    row.value,
                    row.polarity,
                    row.compared_to,
                    1.0,
                )
            )
    unique = {(c.region, c.claim_id): c for c in claims}
    others = {o for c in unique.values() for o in c.compared_to}
    return Knowledge(columns, _regions(descriptions, [*known, *sorted(others)]), tuple(unique.values()), tuple(used))


def _regions(descriptions: Path | None, named: Sequence[str]) -> tuple[Region, ...]:
    if descriptions is None:
        return tuple(Region(n) for n in dict.fromkeys(named))
    table = descriptions / "regions.csv"
    if not table.is_file():
        raise InputError("no regions.csv", where=descriptions, fix="give the --out folder of mine-descriptions")
    rows = read_regions(table, drop_shared=True).regions
    there = {r.name for r in rows}
    return (*rows, *(Region(n) for n in dict.fromkeys(named) if n not in there))
