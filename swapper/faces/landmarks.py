"""Measuring the 478 mesh points of detected faces, and the five alignment points that follow from them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces import mesh
from swapper.faces.align import (
    TEMPLATES,
    Placement,
    align_matrix,
    invert_affine,
    template_to_template,
    transform_points,
    warp_frame,
)
from swapper.faces.crop_network import CropNetwork
from swapper.types import Face

# Mesh points and weights that stand where a face detector puts its five points (means over the training faces
# agree within 1.3 px of a 256 px crop). Eye corners rather than irises: they stay put when the gaze moves.
FIVE_POINTS: tuple[tuple[tuple[int, float], ...], ...] = (
    ((33, 0.59), (133, 0.41)),
    ((263, 0.59), (362, 0.41)),
    ((1, 0.55), (4, 0.45)),
    ((76, 1.0),),
    ((306, 1.0),),
)
_READ = [index for point in FIVE_POINTS for index, _ in point]
_SHARES = np.array(
    [[sum(weight for i, weight in point if i == index) for index in _READ] for point in FIVE_POINTS], np.float32
)


def five_points(landmarks: Float32[np.ndarray, "478 d"]) -> Float32[np.ndarray, "5 2"]:
    """Image-left eye, image-right eye, nose tip, mouth corners, from the mesh, in the landmarks' unit."""
    return _SHARES @ landmarks[_READ, :2].astype(np.float32)


class LandmarkDetector(CropNetwork):
    """Runs the landmark network on faces of a frame, through onnxruntime: four times faster than torch on a CPU."""

    weights = "geometry-lite-onnx"

    def measure(
        self, frame: UInt8[np.ndarray, "h w 3"], points: Sequence[Float32[np.ndarray, "5 2"]], careful: bool = False
    ) -> tuple[Float32[np.ndarray, "n 478 3"], Float32[np.ndarray, "n"]]:
        """Find the mesh near given five points.

        Args:
            frame: RGB.
            points: the five points of every face, frame pixels; approximate is enough.
            careful: look at each crop and at its mirror image, and take the mean, which errs less.

        Returns:
            Mesh points in frame pixels, and the probability that a face is there.
        """
        if not points:
            return np.zeros((0, 478, 3), np.float32), np.zeros(0, np.float32)
        matrices = [align_matrix(p, self.size) for p in points]
        crops = np.stack([warp_frame(frame, matrix, self.size) for matrix in matrices])
        pixels = crops.transpose(0, 3, 1, 2).astype(np.float32) / 255
        if careful:
            pixels = np.concatenate([pixels, pixels[..., ::-1]])
        shares, presence = (
            np.asarray(x, np.float32) for x in self.session.run(["points", "presence"], {"faces": pixels})
        )
        found = shares * self.size
        if careful:
            found, turned = np.split(found, 2)
            turned = turned[:, mesh.mirror_index()]
            turned[..., 0] = self.size - 1 - turned[..., 0]
            found, presence = (found + turned) / 2, presence.reshape(2, -1).mean(0)
        back = [transform_points(p, invert_affine(m)) for p, m in zip(found, matrices, strict=True)]
        return np.stack(back), 1 / (1 + np.exp(-presence))

    def measure_crop(self, crop: UInt8[np.ndarray, "s s 3"], template: Placement) -> Float32[np.ndarray, "478 3"]:
        """Find the mesh of an aligned face, in crop pixels, with the careful setting.

        Args:
            crop: RGB.
            template: key of ``TEMPLATES``, or where the face lies in the crop.
        """
        to_crop = invert_affine(template_to_template(template, len(crop), "ffhq", 1))
        return self.measure(crop, [transform_points(TEMPLATES["ffhq"], to_crop)], careful=True)[0][0]

    def refine(self, frame: UInt8[np.ndarray, "h w 3"], faces: Sequence[Face]) -> list[Face]:
        """Measure the landmarks of detected faces, and derive their five points.

        The crop is cut by the detector's points first and by the landmarks' points once more, so that the result
        depends little on where the detector put its points; this steadies video.

        Args:
            frame: RGB.
            faces: from a detector.
        """
        rough, _ = self.measure(frame, [face.points for face in faces])
        landmarks, _ = self.measure(frame, [five_points(found) for found in rough], careful=True)
        return [
            Face(box=face.box, score=face.score, points=five_points(found), landmarks=found)
            for face, found in zip(faces, landmarks, strict=True)
        ]
