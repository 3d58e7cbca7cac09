#!/usr/bin/env python3
"""What Pillow reads from the encodings of one photograph in decoder-variants.tar: size, mean absolute difference from
the lossless reference, and every 211th pixel as hex.

    pip install pillow==13.0.0 numpy==2.4.6
    python decode_variants.py FOLDER/photos/decoder-variants.tar
"""
import io, json, os, sys, tarfile
import numpy as np
import PIL
from PIL import Image, ImageOps

STRIDE = 211
pictures = {}
for member in tarfile.open(sys.argv[1]).getmembers():
    data = tarfile.open(sys.argv[1]).extractfile(member).read()
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    pictures[os.path.basename(member.name)] = np.asarray(image).astype(np.int16)
reference = pictures["ref_rgb8.ppm"]
table = {
    name: {
        "width": p.shape[1], "height": p.shape[0],
        "mean_from_reference": float(np.abs(p - reference).mean()),
        "pixels": p.reshape(-1, 3)[::STRIDE].astype(np.uint8).tobytes().hex(),
    }
    for name, p in sorted(pictures.items())
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "decode_variants.json"), "w") as f:
    json.dump({"pillow": PIL.__version__, "stride": STRIDE, "files": table}, f, indent=0)
