// What the page says, in English and Korean.

const WORDS = {
  en: {
    title: 'Swapper live',
    intro: 'Your webcam with somebody else’s face, swapped on your own device: nothing is sent.',
    person: 'Person',
    personHint: 'Whose face you want.',
    virtual: 'Try somebody who does not exist:',
    virtualName: 'Synthetic person {number}',
    choose: 'Choose or drop persons’ files (face.onnx)',
    people: 'Persons, in the order of the faces',
    two: 'Two people in the picture',
    inUse: 'in use',
    firstFace: 'first face',
    secondFace: 'second face',
    unused: 'not in use; click to use',
    remove: 'Remove {name}',
    exchange: 'Exchange who is whom',
    making: 'How to make a person’s file',
    makingHint: 'In the app’s Live tab from one photo, or from photos by this command:',
    consent: 'Everyone whose face I use has agreed to it, and I will not deceive anybody with the results.',
    camera: 'Webcam',
    device: 'Camera',
    anyCamera: 'The usual one',
    cameraNumber: 'Camera {number}',
    size: 'Resolution',
    start: 'Start',
    stop: 'Stop',
    mirror: 'Mirror the picture',
    live: 'Live',
    liveHint: 'Only the face changes; all else stays as the camera sees it.',
    empty: 'Press Start: your picture appears here.',
    alt: 'The webcam’s picture with the swapped face',
    loading: 'Loading the networks…',
    loadingPerson: 'Loading the person…',
    opening: 'Waiting for the camera…',
    ready: 'Ready. Press Start.',
    graphics: 'on the graphics card',
    processor: 'on the processor',
    record: 'Record',
    recordEnd: 'End the recording',
    sound: 'With sound',
    saved: 'Save the recording ({seconds} s, {megabytes} MB)',
    settings: 'Settings',
    strength: 'How much of the new face shows',
    mouth: 'Keep the open mouth',
    area: 'Face area',
    forehead: 'Forehead',
    defaults: 'Reset to defaults',
    searching: 'looking for a face: come closer, and face the camera',
    stopped: 'Stopped.',
    rate: 'frames/s',
    latency: 'latency',
    label: 'AI face swap',
    allow: 'Load it from there',
    language: '한국어',
    problem: {
      noConsent: 'Consent has not been given yet. Tick the box, then start.',
      noFile: 'Person: nobody is chosen yet. Choose a person’s file, then start.',
      noPerson: '{name}: this is not a person’s file. Choose one made in the app’s Live tab or by “python -m swapper export”.',
      otherFit: '{name}: this page cannot cut faces for its weights. Export the person with the shipped ones.',
      damaged: '{name}: the file cannot be run. Make it again.',
      missing: '{name}: it could not be loaded. Check the connection, then try again.',
      foreign: 'Address “{name}”: it leads to another server. Give a file of this page’s own server.',
      elsewhere: 'ONNX Runtime {version}: it is not on this page’s server. Load it from {host}, 14 MB, which then ' +
        'learns your address but sees no picture, or put its files into the folder live/ort beside this page.',
      runtime: 'ONNX Runtime {version}: it could not be loaded whole from {folder}. Check the connection, or put its ' +
        'files into the folder live/ort beside this page.',
      refused: 'Camera: the browser was not allowed to use it. Allow it beside the address and start again.',
      noCamera: 'Camera: none was found. Connect one and start again.',
      busy: 'Camera: it gives no picture. Close other programs that use it and start again.',
      lost: 'Camera: it stopped. Connect it again and start again.',
      noSize: 'Camera: it has no such resolution. Choose another one and start again.',
      noSound: 'Microphone: the browser was not allowed to use it. Allow it, or record without sound.',
      noRecorder: 'Recording: this browser cannot do it. Use a current Chrome, Edge, Firefox or Safari.',
      full: 'Persons: there are {most} already. Remove one first.',
      unexpected: 'Something went wrong: {said}. Reload the page and try again.',
      insecure: 'Camera: browsers offer it to secure pages only. Open this page over https or on localhost.',
    },
  },
  ko: {
    title: 'Swapper 라이브',
    intro: '웹캠 속 얼굴을 이 기기에서 다른 사람의 얼굴로 바꿉니다. 아무것도 전송되지 않습니다.',
    person: '인물',
    personHint: '누구의 얼굴을 쓸지 고르세요.',
    virtual: '실제로 없는 사람으로 해 보기:',
    virtualName: '합성 인물 {number}',
    choose: '인물 파일(face.onnx) 선택 또는 끌어다 놓기',
    people: '인물, 얼굴 순서대로',
    two: '화면에 두 사람',
    inUse: '사용 중',
    firstFace: '첫 번째 얼굴',
    secondFace: '두 번째 얼굴',
    unused: '사용 안 함, 눌러서 사용',
    remove: '{name} 빼기',
    exchange: '누가 누구인지 맞바꾸기',
    making: '인물 파일 만드는 방법',
    makingHint: '앱의 실시간 탭에서 사진 한 장으로 만들거나, 사진으로 다음 명령을 실행해 만듭니다.',
    consent: '제가 사용하는 얼굴의 주인은 모두 동의했으며, 결과물로 누구도 속이지 않겠습니다.',
    camera: '웹캠',
    device: '카메라',
    anyCamera: '기본 카메라',
    cameraNumber: '카메라 {number}',
    size: '해상도',
    start: '시작',
    stop: '중지',
    mirror: '좌우 반전',
    live: '라이브',
    liveHint: '얼굴만 바뀌고 나머지는 카메라에 보이는 그대로입니다.',
    empty: '시작을 누르면 여기에 영상이 나타납니다.',
    alt: '얼굴이 바뀐 웹캠 영상',
    loading: '네트워크를 불러오는 중…',
    loadingPerson: '인물을 불러오는 중…',
    opening: '카메라를 기다리는 중…',
    ready: '준비되었습니다. 시작을 누르세요.',
    graphics: '그래픽 카드에서',
    processor: '프로세서에서',
    record: '녹화',
    recordEnd: '녹화 끝내기',
    sound: '소리 포함',
    saved: '녹화 저장({seconds}초, {megabytes} MB)',
    settings: '설정',
    strength: '새 얼굴이 보이는 정도',
    mouth: '벌린 입 유지',
    area: '얼굴 영역',
    forehead: '이마',
    defaults: '기본값으로 되돌리기',
    searching: '얼굴을 찾는 중입니다. 가까이 와서 카메라를 바라보세요',
    stopped: '중지되었습니다.',
    rate: '프레임/초',
    latency: '지연',
    label: 'AI face swap',
    allow: '거기서 불러오기',
    language: 'English',
    problem: {
      noConsent: '동의: 아직 동의하지 않았습니다. 상자에 표시한 뒤 시작하세요.',
      noFile: '인물: 아직 아무도 고르지 않았습니다. 인물 파일을 고른 뒤 시작하세요.',
      noPerson: '{name}: 인물 파일이 아닙니다. 앱의 실시간 탭이나 “python -m swapper export”로 만든 파일을 선택하세요.',
      otherFit: '{name}: 이 페이지는 이 가중치에 맞게 얼굴을 자를 수 없습니다. 기본 가중치로 인물을 내보내세요.',
      damaged: '{name}: 파일을 실행할 수 없습니다. 다시 만드세요.',
      missing: '{name}: 불러올 수 없습니다. 연결을 확인한 뒤 다시 시도하세요.',
      foreign: '주소 “{name}”: 다른 서버를 가리킵니다. 이 페이지 서버의 파일을 지정하세요.',
      elsewhere: 'ONNX Runtime {version}: 이 페이지의 서버에 없습니다. {host}에서 14MB를 불러오거나(그 서버는 주소를 알게 되지만 ' +
        '영상은 보지 못합니다), 파일을 이 페이지 옆 live/ort 폴더에 두세요.',
      runtime: 'ONNX Runtime {version}: {folder}에서 온전히 불러올 수 없습니다. 연결을 확인하거나 파일을 이 페이지 옆 ' +
        'live/ort 폴더에 두세요.',
      refused: '카메라: 브라우저에서 허용되지 않았습니다. 주소창 옆에서 허용한 뒤 다시 시작하세요.',
      noCamera: '카메라: 찾을 수 없습니다. 연결한 뒤 다시 시작하세요.',
      busy: '카메라: 영상이 나오지 않습니다. 카메라를 쓰는 다른 프로그램을 닫고 다시 시작하세요.',
      lost: '카메라: 멈추었습니다. 다시 연결한 뒤 시작하세요.',
      noSize: '카메라: 이 해상도를 지원하지 않습니다. 다른 해상도를 고른 뒤 다시 시작하세요.',
      noSound: '마이크: 브라우저에서 허용되지 않았습니다. 허용하거나 소리 없이 녹화하세요.',
      noRecorder: '녹화: 이 브라우저에서는 할 수 없습니다. 최신 Chrome, Edge, Firefox 또는 Safari를 사용하세요.',
      full: '인물: 이미 {most}명입니다. 먼저 한 명을 빼세요.',
      unexpected: '문제가 생겼습니다: {said}. 페이지를 새로 고친 뒤 다시 시도하세요.',
      insecure: '카메라: 보안 페이지에서만 쓸 수 있습니다. https 또는 localhost로 이 페이지를 여세요.',
    },
  },
};

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language ?? 'en';
let language = asked.toLowerCase().startsWith('ko') ? 'ko' : 'en';

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const say = (key, values = {}) => filled(WORDS[language][key], values);

// Something the user can put right; thrown with its key, shown in the language of the moment.
export class Problem extends Error {
  constructor(key, values = {}) {
    super(filled(WORDS.en.problem[key], values));
    Object.assign(this, {key, values});
  }

  get sentence() {
    return filled(WORDS[language].problem[this.key], this.values);
  }
}

// Writes the words into the page: into elements with data-say.
export function translate() {
  document.documentElement.lang = language;
  document.title = say('title');
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', say(element.dataset.label));
  }
}

export function switchLanguage() {
  language = language === 'ko' ? 'en' : 'ko';
  translate();
}
