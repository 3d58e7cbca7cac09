#!/usr/bin/env python3
"""Writes small pictures in many encodings and what Pillow reads from them.

    pip install pillow==13.0.0 numpy==2.4.6
    python decode.py            (in this folder; rewrites decode/ and decode.json)

Every file is read as ImageOps.exif_transpose(Image.open(f)).convert("RGB"); the pixels are kept as hex, so that a
difference can be looked at. Files that Pillow cannot write (a CMYK JPEG without the Adobe marker, 16-bit RGB PNG) are
assembled here from parts.
"""
import io, json, os, struct, zlib
import numpy as np
import PIL
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "decode")
W, H = 21, 13


def picture():
    """Smooth colour with an edge, so that chroma upsampling and the DCT have something to do."""
    y, x = np.mgrid[0:H, 0:W].astype(np.float64)
    r = 255 * x / (W - 1)
    g = 255 * y / (H - 1)
    b = 127.5 + 127.5 * np.sin(x / 3) * np.cos(y / 4)
    a = np.stack([r, g, b], -1)
    a[3:8, 5:12] = [240, 40, 30]
    return Image.fromarray(np.round(a).astype(np.uint8), "RGB")


def png(color_type, depth, rows, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + r for r in rows)
    head = struct.pack(">IIBBBBB", W, H, depth, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def without_marker(jpeg, marker):
    """The same JPEG without the segments of one kind."""
    out, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        size = struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if jpeg[at + 1] != marker:
            out += jpeg[at:at + 2 + size]
        at += 2 + size
    return bytes(out) + jpeg[at:]


def save(im, fmt, **kw):
    b = io.BytesIO()
    im.save(b, fmt, **kw)
    return b.getvalue()


def main():
    im = picture()
    a = np.asarray(im).astype(np.uint16)
    alpha = Image.fromarray((np.mgrid[0:H, 0:W][1] * 255 // (W - 1)).astype(np.uint8), "L")
    files = {}
    # PNG
    files["rgb8.png"] = save(im, "png")
    rgba = im.copy(); rgba.putalpha(alpha)
    files["rgba8.png"] = save(rgba, "png")
    files["gray8.png"] = save(im.convert("L"), "png")
    la = im.convert("L"); la.putalpha(alpha)
    files["gray_alpha8.png"] = save(la, "png")
    files["palette.png"] = save(im.quantize(16), "png")
    files["palette_transparent.png"] = save(im.quantize(16), "png", transparency=3)
    files["bilevel.png"] = save(im.convert("1"), "png")
    wide = (a * 257 - (a % 3) * 40).clip(0, 65535).astype(">u2")
    files["rgb16.png"] = png(2, 16, [r.tobytes() for r in wide])
    files["rgba16.png"] = png(6, 16, [np.dstack([wide, wide[:, :, :1]]).astype(">u2")[i].tobytes() for i in range(H)])
    grey16 = (np.mgrid[0:H, 0:W][1] * 30 + np.mgrid[0:H, 0:W][0]).astype(">u2")
    files["gray16.png"] = png(0, 16, [r.tobytes() for r in grey16])
    files["gray_alpha16.png"] = png(4, 16, [np.dstack([wide[:, :, 0], wide[:, :, 1]]).astype(">u2")[i].tobytes() for i in range(H)])
    for depth in (2, 4):
        levels = (np.mgrid[0:H, 0:W][1] % (1 << depth)).astype(np.uint8)
        bits = ((levels[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(H, -1)
        files[f"gray{depth}.png"] = png(0, depth, [r.tobytes() for r in np.packbits(bits, axis=1)])
    exif = Image.Exif(); exif[0x0112] = 6
    files["exif6.png"] = save(im, "png", exif=exif)
    files["transparent_color.png"] = save(im, "png", transparency=im.getpixel((6, 4)))
    # JPEG
    for name, kw in {
        "444_q95": dict(quality=95, subsampling=0), "422_q90": dict(quality=90, subsampling=1),
        "420_q85": dict(quality=85, subsampling=2), "420_progressive": dict(quality=85, subsampling=2, progressive=True),
        "420_restart": dict(quality=85, subsampling=2, restart_marker_blocks=1),
    }.items():
        files[f"{name}.jpg"] = save(im, "jpeg", **kw)
    files["gray.jpg"] = save(im.convert("L"), "jpeg", quality=90)
    cmyk = save(im.convert("CMYK"), "jpeg", quality=95)
    files["cmyk_adobe.jpg"] = cmyk
    files["cmyk_plain.jpg"] = without_marker(cmyk, 0xEE)
    files["rgb_adobe.jpg"] = save(im, "jpeg", quality=95, keep_rgb=True)
    for o in range(1, 9):
        exif = Image.Exif(); exif[0x0112] = o
        files[f"exif{o}.jpg"] = save(im, "jpeg", quality=95, subsampling=0, exif=exif)
    # others
    files["lossless.webp"] = save(im, "webp", lossless=True)
    files["lossless_alpha.webp"] = save(rgba, "webp", lossless=True, exact=True)
    files["lossy.webp"] = save(im, "webp", quality=80)
    files["exif8.webp"] = save(im, "webp", lossless=True, exif=(lambda e: (e.__setitem__(0x0112, 8), e)[1])(Image.Exif()))
    files["plain.gif"] = save(im.quantize(16), "gif")
    files["transparent.gif"] = save(im.quantize(16), "gif", transparency=2)
    files["animated.gif"] = save(im.quantize(16), "gif", save_all=True, append_images=[im.rotate(180).quantize(16)])
    files["rgb.bmp"] = save(im, "bmp")
    files["palette.bmp"] = save(im.quantize(16), "bmp")
    files["rgba.bmp"] = save(rgba, "bmp")
    files["gray.bmp"] = save(im.convert("L"), "bmp")
    files["rgb.tiff"] = save(im, "tiff")
    files["lzw.tiff"] = save(im, "tiff", compression="tiff_lzw")
    files["deflate.tiff"] = save(im, "tiff", compression="tiff_adobe_deflate")
    files["gray.tiff"] = save(im.convert("L"), "tiff")
    files["rgba.tiff"] = save(rgba, "tiff")
    files["cmyk.tiff"] = save(im.convert("CMYK"), "tiff")
    files["gray16.tiff"] = save(Image.fromarray(grey16.astype(np.uint16)), "tiff")
    files["palette.tiff"] = save(im.quantize(16), "tiff")
    files["orientation6.tiff"] = save(im, "tiff", tiffinfo={0x0112: 6})
    files["rgb.ppm"] = save(im, "ppm")
    files["gray.pgm"] = save(im.convert("L"), "ppm")
    files["bilevel.pbm"] = save(im.convert("1"), "ppm")
    files["ascii.ppm"] = b"P3\n# text\n2 1\n255\n255 0 1  2 3 4\n"
    files["rgb16.ppm"] = b"P6\n2 1\n65535\n" + struct.pack(">6H", 0, 255, 256, 32767, 65280, 65535)
    files["max100.ppm"] = b"P6\n2 1\n100\n" + bytes([0, 1, 50, 99, 100, 37])
    files["max15.pgm"] = b"P5\n4 1\n15\n" + bytes([0, 1, 8, 15])
    files["ascii_max9.pgm"] = b"P2\n3 1\n9\n0 4 9\n"
    files["gray16.pgm"] = b"P5\n4 1\n65535\n" + struct.pack(">4H", 0, 255, 256, 65535)

    os.makedirs(OUT, exist_ok=True)
    table = {}
    for name, data in files.items():
        with open(os.path.join(OUT, name), "wb") as f:
            f.write(data)
        back = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        table[name] = {"width": back.width, "height": back.height, "pixels": back.tobytes().hex()}
    with open(os.path.join(HERE, "decode.json"), "w") as f:
        json.dump({"pillow": PIL.__version__, "files": table}, f, indent=0)
    print(len(files), "files,", sum(map(len, files.values())), "bytes, Pillow", PIL.__version__)


main()
