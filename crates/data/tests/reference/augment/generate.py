"""Writes values.json: views of one small picture made by other software, for tests/augment_parity.rs.

Made with Python 3, numpy 2.4.6, scipy 1.17.1, Pillow 13.0.0, torch 2.15.0, torchvision 0.29.2.
Run `python generate.py` in this folder. A case is a configuration and a draw as the crate reads them, and
the view [3, size, size]. Sources of truth:

- crops with antialiasing: Pillow's `resize` on float images, and torch's `interpolate(antialias=True)`;
- crops without: torch's `interpolate` for bilinear; for bicubic a plain sum over TensorFlow's rule (Keys' cubic with
  a = -1/2, half-pixel centres, taps outside left out and the rest rescaled), since torch has a = -3/4 there;
- jitter: torchvision's tensor functions; for BYOL's definitions Python's colorsys, pixel by pixel;
- blur: scipy.ndimage.correlate1d with zeros outside, in 64 bits.
"""

import colorsys
import itertools
import json
import math

import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional as F
import torchvision.transforms.v2.functional as tv
from PIL import Image

WIDTH, HEIGHT, SIZE = 17, 14, 12
ORDER = ["brightness", "contrast", "saturation", "hue"]


def picture(width, height, seed):
    """Smooth ramps, noise, and a row of greys, black, white and pure colours."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([255 * x / width, 255 * y / height, 255 * (x + y) / (width + height)], -1)
    pixels = (0.5 * ramp + 0.5 * rng.integers(0, 256, (height, width, 3))).astype(np.uint8)
    special = [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 255, 0], [0, 0, 255]]
    special += [[255, 255, 0], [0, 255, 255], [255, 0, 255], [1, 0, 0], [255, 254, 255], [60, 60, 61]]
    pixels[height // 2, : len(special)] = special
    return pixels


IMAGE = picture(WIDTH, HEIGHT, 1)


def planes(pixels):
    return pixels.astype(np.float64).transpose(2, 0, 1) / 255.0


# Crops -----------------------------------------------------------------------------------------------------


def pillow_resize(p, size, filter):
    modes = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    channels = [Image.fromarray(c.astype(np.float32)) for c in p]
    return np.stack([np.asarray(c.resize(size, modes[filter])) for c in channels]).astype(np.float64)


def torch_resize(p, size, filter, antialias):
    out = F.interpolate(torch.from_numpy(p)[None], size=size, mode=filter, antialias=antialias, align_corners=False)
    return out[0].numpy()


def keys_resize(p, size):
    def weight(x, a=-0.5):
        x = abs(x)
        if x <= 1:
            return (a + 2) * x**3 - (a + 3) * x**2 + 1
        return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0

    def matrix(out, source):
        m = np.zeros((out, source))
        for i in range(out):
            at = (i + 0.5) * source / out - 0.5
            for j in range(math.floor(at) - 1, math.floor(at) + 3):
                if 0 <= j < source:
                    m[i, j] = weight(j - at)
        return m / m.sum(1, keepdims=True)

    return np.einsum("yh,chw,xw->cyx", matrix(size, p.shape[1]), p, matrix(size, p.shape[2]))


# Colour ----------------------------------------------------------------------------------------------------


def clip(p):
    return np.clip(p, 0.0, 1.0)


def hsv(p, change):
    out = np.empty_like(p)
    for y, x in itertools.product(range(p.shape[1]), range(p.shape[2])):
        out[:, y, x] = colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p[:, y, x])))
    return clip(out)


def byol(p, name, value):
    if name == "brightness":
        return clip(p + value)
    if name == "contrast":
        mean = p.mean((1, 2), keepdims=True)
        return clip(value * (p - mean) + mean)
    if name == "saturation":
        return hsv(p, lambda h, s, v: (h, min(max(s * value, 0.0), 1.0), v))
    return hsv(p, lambda h, s, v: ((h + value) % 1.0, s, v))


def torchvision(p, name, value):
    t = torch.from_numpy(p)
    function = {
        "brightness": tv.adjust_brightness,
        "contrast": tv.adjust_contrast,
        "saturation": tv.adjust_saturation,
        "hue": tv.adjust_hue,
    }[name]
    return function(t, value).numpy()


def grayscale(p):
    return tv.rgb_to_grayscale(torch.from_numpy(p), num_output_channels=3).numpy()


def solarize(p, threshold=0.5):
    return tv.solarize(torch.from_numpy(p), threshold).numpy()


def blur(p, taps, sigma):
    x = np.arange(taps) - taps // 2
    kernel = np.exp(-(x**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (1, 2):
        p = scipy.ndimage.correlate1d(p, kernel, axis=axis, mode="constant", cval=0.0)
    return p


# Cases -----------------------------------------------------------------------------------------------------


def crop_draw(x, y, w, h, **others):
    region = {"x": x, "y": y, "width": w, "height": h, "within": [x, y, x + w, y + h]}
    draw = {"region": region, "flip": False, "jitter": None, "grayscale": False, "blur": None, "solarize": False}
    return draw | others


def jitter_draw(neutral, order=ORDER, **values):
    return {"brightness": neutral, "contrast": 1.0, "saturation": 1.0, "hue": 0.0, "order": order} | values


def cases():
    plain = {"size": SIZE, "normalize": None}
    boxes = [(0, 0, WIDTH, HEIGHT), (3, 2, 12, 12), (5, 4, 5, 3), (1, 0, 15, 2), (0, 3, 1, 1), (2, 1, 14, 12)]
    for x, y, w, h in boxes:
        p = planes(IMAGE[y : y + h, x : x + w])
        name = f"crop {w}x{h}"
        draw = crop_draw(x, y, w, h)

        def config(filter, antialias):
            return plain | {"resample": {"filter": filter, "antialias": antialias}}

        yield f"{name} bicubic, TensorFlow's rule", config("bicubic", False), draw, clip(keys_resize(p, SIZE))
        for filter in ["bicubic", "bilinear"]:
            value = clip(pillow_resize(p, (SIZE, SIZE), filter))
            yield f"{name} {filter} antialiased, Pillow", config(filter, True), draw, value
            if w * h > 20:
                value = clip(torch_resize(p, (SIZE, SIZE), filter, True))
                yield f"{name} {filter} antialiased, torch", config(filter, True), draw, value
        value = clip(torch_resize(p, (SIZE, SIZE), "bilinear", False))
        yield f"{name} bilinear, torch", config("bilinear", False), draw, value
    flipped = clip(pillow_resize(planes(IMAGE), (SIZE, SIZE), "bicubic"))[:, :, ::-1]
    yield "flipped, Pillow", config("bicubic", True), crop_draw(0, 0, WIDTH, HEIGHT, flip=True), flipped

    # Smaller by a factor that widens the filter to many taps.
    small = plain | {"size": 3, "resample": {"filter": "bicubic", "antialias": True}}
    value = clip(pillow_resize(planes(IMAGE), (3, 3), "bicubic"))
    yield "crop to 3 pixels, Pillow", small, crop_draw(0, 0, WIDTH, HEIGHT), value

    # Evaluation: shorter side to 13, middle 12; to 10, middle 9. The draw is left to the crate.
    for side, size in [(13, 12), (10, 9), (14, 14)]:
        resized = pillow_resize(planes(IMAGE), (int(side * WIDTH / HEIGHT), side), "bicubic")
        value = tv.center_crop(torch.from_numpy(clip(resized)), [size, size]).numpy()
        config = plain | {"size": size, "crop": {"kind": "center", "shorter_side": side}}
        config |= {"resample": {"filter": "bicubic", "antialias": True}}
        config |= {"flip": 0, "color_jitter": {"probability": 0}, "grayscale": 0, "blur": {"probability": 0}}
        yield f"evaluation {side} to {size}, Pillow and torchvision", config, None, value

    # One operation at a time on an unscaled crop.
    box = (0, 2, SIZE, SIZE)
    p = planes(IMAGE[box[1] : box[1] + SIZE, box[0] : box[0] + SIZE])
    styles = {"byol": (byol, 0.0), "torchvision": (torchvision, 1.0)}
    for style, (function, neutral) in styles.items():
        config = plain | {"color_jitter": {"style": style}}
        for name, values in {
            "brightness": [neutral - 0.4, neutral + 0.25],
            "contrast": [0.6, 1.4],
            "saturation": [0.0, 0.8, 1.2, 3.0],
            "hue": [-0.5, -0.1, 0.03, 0.1, 0.5],
        }.items():
            for value in values:
                draw = crop_draw(*box, jitter=jitter_draw(neutral, **{name: value}))
                yield f"{style} {name} {value:.2f}", config, draw, function(p, name, value)
        values = {"brightness": neutral + 0.2, "contrast": 1.3, "saturation": 0.85, "hue": -0.07}
        for order in itertools.islice(itertools.permutations(ORDER), 0, 24, 5):
            q = p
            for name in order:
                q = function(q, name, values[name])
            draw = crop_draw(*box, jitter=jitter_draw(neutral, list(order), **values))
            yield f"{style} {' '.join(order)}", config, draw, q
    yield "grayscale, torchvision", plain, crop_draw(*box, grayscale=True), grayscale(p)
    yield "solarize, torchvision", plain, crop_draw(*box, solarize=True), solarize(p)
    low = plain | {"solarize": {"threshold": 0.25}}
    yield "solarize 0.25, torchvision", low, crop_draw(*box, solarize=True), solarize(p, 0.25)
    for taps, sigma in [(1, 1.0), (3, 0.1), (3, 1.3), (5, 0.7), (23, 0.5), (23, 2.0)]:
        config = plain | {"blur": {"taps": taps}}
        yield f"blur {taps} taps {sigma}, scipy", config, crop_draw(*box, blur=sigma), blur(p, taps, sigma)

    # Everything at once, and larger than one register's worth of blurred columns.
    for style, (function, neutral) in styles.items():
        size, (x, y, w, h) = 37, (2, 1, 14, 12)
        q = clip(keys_resize(planes(IMAGE[y : y + h, x : x + w]), size))[:, :, ::-1].copy()
        values = {"brightness": neutral - 0.1, "contrast": 1.2, "saturation": 1.15, "hue": 0.06}
        order = ["hue", "contrast", "brightness", "saturation"]
        for name in order:
            q = function(q, name, values[name])
        q = solarize(clip(blur(grayscale(q) if style == "byol" else q, 5, 0.9)))
        mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        q = tv.normalize(torch.from_numpy(q), mean, std).numpy()
        config = {"size": size, "color_jitter": {"style": style}, "blur": {"taps": 5}}
        draw = crop_draw(x, y, w, h, flip=True, jitter=jitter_draw(neutral, order, **values))
        draw |= {"grayscale": style == "byol", "blur": 0.9, "solarize": True}
        config["normalize"] = {"mean": mean, "std": std}
        yield f"whole pipeline, {style}", config, draw, q


def main():
    lines = []
    for name, config, draw, view in cases():
        # Seven decimals: a hundred times finer than the tolerance.
        view = [round(float(v), 7) for v in np.asarray(view, np.float64).ravel()]
        lines.append(json.dumps({"name": name, "config": config, "draw": draw, "view": view}, separators=(",", ":")))
    image = {"width": WIDTH, "height": HEIGHT, "pixels": IMAGE.ravel().tolist()}
    with open("values.json", "w") as file:
        file.write('{"image":' + json.dumps(image, separators=(",", ":")) + ',\n"cases":[\n')
        file.write(",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
