"""What the reading of pages as served knows by name: how HTML treats an element, and characters by name."""

from __future__ import annotations

from html.entities import html5

import numpy as np

from jobs.html.tags import bit_table, word_table

_GROUPS = (
    # VOID: no end tag, no content.
    "area base basefont bgsound br col embed hr img input link meta param source track wbr",
    # RAW_TEXT, RCDATA: content without tags, without and with character references.
    "script style xmp iframe noembed noframes",
    "title textarea",
    # METADATA: what a head may hold.
    "base basefont bgsound link meta noframes script style title noscript",
    # CLOSES_P: the start tag ends a paragraph.
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup
    main menu nav ol p search section summary ul h1 h2 h3 h4 h5 h6 pre listing form li dd dt hr xmp table""",
    # ENDS_IMPLIED: the end tag ends elements whose end tag may be left out.
    """address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer header
    hgroup listing main menu nav ol pre search section summary ul h1 h2 h3 h4 h5 h6 form applet marquee object""",
    # IMPLIED: the end tag may be left out.
    "dd dt li option optgroup p",
    # HEADING
    "h1 h2 h3 h4 h5 h6",
    # BARRIER: what is open around these cannot be ended from inside. MARKER: nor can formatting.
    "applet button caption html table td th marquee object",
    "applet marquee object td th caption",
    # SPECIAL: a list item is not searched for outside of these.
    """applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd details
    dir dl dt embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input
    li link listing main marquee menu meta nav noembed noframes noscript object ol param pre script search
    section select source style summary table tbody td textarea tfoot th thead title tr track ul wbr xmp""",
    # TABLE_PART, TABLE_CONTEXT: may stand in tables only; may hold no text.
    "caption colgroup col thead tbody tfoot tr td th",
    "table colgroup thead tbody tfoot tr",
    # SECTION, CELL of a table.
    "thead tbody tfoot",
    "td th",
    # BREAKS_OUT: ends SVG and MathML.
    """b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta
    nobr ol p pre ruby s small span strong strike sub sup table tt u ul var font""",
    # REFUSED: rare, with rules of their own.
    "image isindex plaintext template frameset frame rb rp rt rtc nobr keygen mglyph malignmark menuitem",
)
(
    VOID, RAW_TEXT, RCDATA, METADATA, CLOSES_P, ENDS_IMPLIED, IMPLIED, HEADING, BARRIER, MARKER, SPECIAL, TABLE_PART,
    TABLE_CONTEXT, SECTION, CELL, BREAKS_OUT, REFUSED,
) = (1 << at for at in range(len(_GROUPS)))  # fmt: skip
_NUMBERED = """html head body noscript p li dd dt a button form table tr col colgroup tbody caption select option
optgroup svg math address div pre listing textarea script style annotation-xml br link meta""".split()
(
    HTML, HEAD, BODY, NOSCRIPT, P, LI, DD, DT, A, BUTTON, FORM, TABLE, TR, COL, COLGROUP, TBODY, CAPTION, SELECT,
    OPTION, OPTGROUP, SVG_ROOT, MATH_ROOT, ADDRESS, DIV, PRE, LISTING, TEXTAREA, SCRIPT, STYLE, ANNOTATION_XML, BR,
    LINK, META,
) = range(1, len(_NUMBERED) + 1)  # fmt: skip
"""Numbers of elements that a rule names."""
NUMBER_SHIFT = 32
_KNOWN = sorted({*_NUMBERED, *(name for group in _GROUPS for name in group.split())})
_BITS = {name: sum(1 << at for at, group in enumerate(_GROUPS) if name in group.split()) for name in _KNOWN}
ELEMENTS = word_table(
    {
        name: bits | (_NUMBERED.index(name) + 1 if name in _NUMBERED else 0) << NUMBER_SHIFT
        for name, bits in _BITS.items()
    }
)
"""By name: bits, and from NUMBER_SHIFT on the number."""
BITS_OF = np.array([0, *(_BITS[name] for name in _NUMBERED)], dtype=np.int64)
"""Bits by number."""

MATHML, SVG, POINT = (1 << at for at in range(20, 23))
"""Further bits of open elements: their language if it is not HTML; POINT: the content is HTML
again."""
FOREIGN = MATHML | SVG
POINTS = bit_table({MATHML: "mi mo mn ms mtext".split(), SVG: "foreignobject desc title".split()})
"""Bit of the language in which an element of this (lower-case) name is a POINT."""

_SVG_TAGS = """altGlyph altGlyphDef altGlyphItem animateColor animateMotion animateTransform clipPath feBlend
feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence foreignObject glyphRef
linearGradient radialGradient textPath""".split()
_SVG_ATTRIBUTES = """attributeName attributeType baseFrequency baseProfile calcMode clipPathUnits
diffuseConstant edgeMode filterUnits glyphRef gradientTransform gradientUnits kernelMatrix kernelUnitLength
keyPoints keySplines keyTimes lengthAdjust limitingConeAngle markerHeight markerUnits markerWidth
maskContentUnits maskUnits numOctaves pathLength patternContentUnits patternTransform patternUnits pointsAtX
pointsAtY pointsAtZ preserveAlpha preserveAspectRatio primitiveUnits refX refY repeatCount repeatDur
requiredExtensions requiredFeatures specularConstant specularExponent spreadMethod startOffset stdDeviation
stitchTiles surfaceScale systemLanguage tableValues targetX targetY textLength viewBox viewTarget
xChannelSelector yChannelSelector zoomAndPan""".split()
AS_WRITTEN, CHANGED = 1, 2
SVG_TAGS, SVG_ATTRIBUTES, MATHML_ATTRIBUTES = (
    bit_table({AS_WRITTEN: names, CHANGED: [name.lower() for name in names]})
    for names in (_SVG_TAGS, _SVG_ATTRIBUTES, ["definitionURL"])
)
"""Names that the parser writes with capitals: so spelled, and in lower case."""

_NAMED = sorted(name[:-1] for name in html5 if name.endswith(";"))
REFERENCES = word_table({name: number for number, name in enumerate(_NAMED, 1)})
"""Names between `&` and `;`: row of CHARACTERS and 1."""
LEGACY_REFERENCES = word_table({name: 1 for name in html5 if not name.endswith(";")})
"""Names that HTML also knows without a semicolon."""
LONGEST_LEGACY = max(len(name) for name in html5 if not name.endswith(";"))
LONGEST_REFERENCE = max(map(len, _NAMED))
CHARACTERS = np.zeros((len(_NAMED), max(len(html5[name + ";"].encode()) for name in _NAMED)), dtype=np.uint8)
"""(names, bytes): UTF-8, filled up with zeros."""
for _row, _name in enumerate(_NAMED):
    _text = html5[_name + ";"].encode()
    CHARACTERS[_row, : len(_text)] = np.frombuffer(_text, dtype=np.uint8)

WINDOWS_1252 = np.array(
    [ord(bytes([byte]).decode("cp1252", "ignore") or "\0") for byte in range(0x80, 0xA0)], dtype=np.int64
)
"""What the numbers 0x80 to 0x9F of character references stand for; 0: nothing else."""
