"""One way of composing for photos, frames and live frames."""

import cv2
import numpy as np
import pytest
import torch
from clips import background, lay, portrait

from swapper.compose.mask import mask_shape
from swapper.compose.settings import BlendSettings
from swapper.face_swap.picture import FaceToSwap, FrameSwapper
from swapper.faces import mesh
from swapper.faces.align import cut_crop, template_to_template
from swapper.faces.fitting import cut_aligned
from swapper.faces.occlusion.over_time import update_appearance
from swapper.pipeline import FaceSwapper
from swapper.registry.pipelines import Alignment
from swapper.restore.aligned import warp_batch
from swapper.types import Face, Identity, Swapped

LEFT_CHEEK, RIGHT_CHEEK = (50, 205), (280, 425)
PHOTO = {}
FRAME = {"match_expression": False, "match_shade": False}


class Paints:
    """Paints every crop in one colour."""

    name, size, template = "paints", 128, "tight"
    batches: list[int]

    def __init__(self):
        self.batches = []

    def identify(self, crops):
        return Identity(self.name, np.eye(1, 4, dtype=np.float32)[0])

    def swap(self, identity, faces, landmarks=None):
        self.batches.append(len(faces))
        return Swapped(torch.full_like(faces, 0.6), torch.ones_like(faces[:, :1]))


@pytest.fixture(scope="module")
def swapper() -> FaceSwapper:
    return FaceSwapper(Paints(), "cpu", threads=1)


@pytest.fixture(scope="module")
def photo(swapper: FaceSwapper) -> tuple[np.ndarray, Face]:
    image = background(240, 320)
    lay(image, portrait(1), (160, 120), 220)
    return image, swapper.find_faces(image)[0]


def swapped(swapper: FaceSwapper, image: np.ndarray, face: Face, settings: BlendSettings, **how) -> np.ndarray:
    frames = FrameSwapper(swapper.method, swapper.landmarks, swapper.device, blend=settings)
    result = image.copy()
    whose = Identity("paints", np.zeros(4, np.float32))
    frames.swap_faces(result, [FaceToSwap(face, whose, **how)])
    return result


@pytest.mark.parametrize("kind", [PHOTO, FRAME])
def test_dark_glasses_stay_in_photos_and_videos_unless_that_is_switched_off(swapper, photo, kind):
    image, face = photo[0].copy(), photo[1]
    radius = round(0.4 * mesh.eye_distance(face.mesh))
    lenses = np.zeros(image.shape[:2], np.uint8)
    for iris in (mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE):
        x, y = (round(float(v)) for v in face.mesh[iris, :2])
        cv2.circle(image, (x, y + radius // 6), radius, (22, 22, 24), -1)
        cv2.circle(lenses, (x, y), radius // 2, 1, -1)
    plain = {**kind, "shape": mask_shape(0.0)}
    kept = swapped(swapper, image, face, BlendSettings(), **plain)
    over = swapped(swapper, image, face, BlendSettings(occluders=False), **plain)
    inside = lenses > 0
    assert np.abs(kept[inside].astype(int) - image[inside]).mean() < 4
    assert np.abs(over[inside].astype(int) - image[inside]).mean() > 15


class Finds:
    """Something in front of the left half of every face."""

    def __init__(self, there: bool = True):
        self.there, self.asked = there, 0

    def find(self, image, template, face):
        self.asked += 1
        half = (np.arange(len(image)) < len(image) / 2).astype(np.float32)
        return np.tile(half, (len(image), 1)) if self.there else None


@pytest.mark.parametrize(
    ("how", "settings", "asked"),
    [
        (PHOTO, BlendSettings(), True),
        ({**FRAME, "occluded": False}, BlendSettings(), False),
        ({**FRAME, "occluded": False, "measure": True}, BlendSettings(), True),
        ({**FRAME, "occluded": True}, BlendSettings(), True),
        (PHOTO, BlendSettings(occluders=False), False),
    ],
)
def test_what_a_network_finds_in_front_of_a_face_stays_there(swapper, photo, how, settings, asked):
    image, face = photo
    finds, whose = Finds(), Identity("paints", np.zeros(4, np.float32))
    frames = FrameSwapper(swapper.method, swapper.landmarks, swapper.device, blend=settings, occlusion=finds)
    result = image.copy()
    outcome = frames.swap_faces(result, [FaceToSwap(face, whose, mask_shape(0.0), **how)])[0]
    assert outcome.occluded is (True if asked else None) and finds.asked == asked
    changed = np.abs(result.astype(int) - image).max(2)
    left, right = (changed[:, face.mesh[list(points), 0].astype(int)].mean() for points in (LEFT_CHEEK, RIGHT_CHEEK))
    assert right > 3 and (left < 0.2 * right if asked else left > 0.5 * right)


def test_a_bare_face_is_said_to_be_bare(swapper, photo):
    image, face = photo
    finds, whose = Finds(there=False), Identity("paints", np.zeros(4, np.float32))
    frames = FrameSwapper(swapper.method, swapper.landmarks, swapper.device, occlusion=finds)
    outcome = frames.swap_faces(image.copy(), [FaceToSwap(face, whose)])[0]
    assert outcome.occluded is False


def test_a_photo_and_the_first_frame_of_a_video_are_composed_alike(swapper, photo):
    same = BlendSettings(light=0)  # which photos alone take on
    one, other = (swapped(swapper, *photo, same, **kind) for kind in (PHOTO, FRAME))
    assert (one != photo[0]).any()
    assert np.abs(one.astype(int) - other).max() <= 2, "but for a face that is hardly there"


def test_many_faces_go_in_small_batches(swapper, photo):
    image, face = photo
    method = Paints()
    frames = FrameSwapper(method, swapper.landmarks, swapper.device)
    whose = Identity("paints", np.zeros(4, np.float32))
    outcomes = frames.swap_faces(image.copy(), [FaceToSwap(face, whose)] * 10)
    assert len(outcomes) == 10
    assert sum(method.batches) == 10 and max(method.batches) <= 4
    assert update_appearance(None, outcomes[0].appearance).glasses == 0


@pytest.mark.parametrize("fit", ["similarity", "affine", "poses"])
def test_a_methods_own_fit_is_cut_restored_and_put_back_where_it_was(photo: tuple[np.ndarray, Face], fit: str) -> None:
    """The method sees the crop of its own fit, and what looks at crops in other templates is told where it lies."""
    image, face = photo
    alignment = Alignment("arcface_112_v1", 128, fit)

    class Fitted(Paints):
        template = alignment.template

        def swap(self, identity, faces, landmarks=None):
            self.seen, self.landmarks = faces, landmarks
            return Swapped(faces, torch.ones_like(faces[:, :1]))

    class Sees:
        def restore(self, faces, template):
            self.crop = warp_batch(faces, template_to_template(template, faces.shape[-1], "ffhq", 256), 256)
            return faces

    method, restorer = Fitted(), Sees()
    method.fit = fit
    swapper = FaceSwapper(method, "cpu", threads=1)
    plain = BlendSettings(expression=0, color=0, light=0, detail=0)
    frames = FrameSwapper(method, swapper.landmarks, swapper.device, restorer, plain)
    result = image.copy()
    frames.swap_faces(result, [FaceToSwap(face, Identity("paints", np.zeros(4, np.float32)))])
    cut = cut_aligned(image, face.points, alignment, face.mesh)
    assert np.array_equal((method.seen[0].permute(1, 2, 0) * 255).round().byte().numpy(), cut.image)
    np.testing.assert_allclose(method.landmarks[0].numpy(), cut.mesh / 128, atol=1e-5)
    whole = cut_crop(image, face.points).image.astype(float)
    seen = restorer.crop[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(seen - whole)[96:160, 96:160].mean() < 5, "the restorer looks at another place"
    assert np.abs(result.astype(int) - image).mean() < 0.5
